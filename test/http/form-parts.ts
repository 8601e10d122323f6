/** Forms written short, for tables. */
import type { MailBody } from "../../src/http/body.ts";
import { mailOfForm } from "../../src/http/form-mail.ts";

/** `name=value`, or a file. */
export type Part = string | readonly [name: string, value: File];

/** A file; the platform says `""` for a type that is not given. */
export function file(
  name: string,
  content: string | Uint8Array<ArrayBuffer> = "x",
  type = "",
): File {
  return new File([content], name, { type });
}

/** What is made of a form of these parts. */
export async function read(...parts: readonly Part[]): Promise<MailBody> {
  const form = new FormData();
  for (const part of parts) {
    if (typeof part === "string") {
      const at = part.indexOf("=");
      form.append(part.slice(0, at), part.slice(at + 1));
    } else form.append(...part);
  }
  return mailOfForm(form);
}
