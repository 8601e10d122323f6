/** A received mail as the inbox shows it: parsed, sorted into text, html and attachments. */
import PostalMime from "postal-mime";
import type { Attachment } from "postal-mime";

import type { ReceivedMail } from "./relay.ts";

export interface MailView {
  readonly received: ReceivedMail;
  readonly subject: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly text?: string;
  /** As sent, but with its inline images as data URLs. */
  readonly html?: string;
  readonly attachments: readonly AttachmentView[];
  /** Why there is nothing but the raw source. */
  readonly problem?: string;
}

export interface AttachmentView {
  readonly filename: string;
  readonly type: string;
  readonly content: Uint8Array;
  /** Shown in the html, by its Content-ID. */
  readonly isInline: boolean;
}

/** Never rejects: what cannot be parsed is shown by its raw source. */
export async function viewMail(received: ReceivedMail): Promise<MailView> {
  try {
    const email = await PostalMime.parse(received.raw);
    const attachments = email.attachments.map((attachment, n) => viewAttachment(attachment, n));
    return {
      received,
      subject: email.subject ?? "",
      headers: email.headers.map(({ originalKey, value }) => ({ name: originalKey, value })),
      ...(email.text === undefined ? {} : { text: email.text }),
      ...(email.html === undefined ? {} : { html: withImages(email.html, email.attachments) }),
      attachments,
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { received, subject: "", headers: [], attachments: [], problem };
  }
}

function viewAttachment(attachment: Attachment, n: number): AttachmentView {
  return {
    filename: attachment.filename ?? `part-${n + 1}`,
    type: attachment.mimeType,
    content: bytesOf(attachment),
    isInline: attachment.contentId !== undefined && attachment.disposition !== "attachment",
  };
}

function bytesOf({ content }: Attachment): Uint8Array {
  if (typeof content === "string") return Buffer.from(content);
  return content instanceof Uint8Array ? content : new Uint8Array(content);
}

function withImages(html: string, attachments: readonly Attachment[]): string {
  const urls = new Map<string, string>();
  for (const attachment of attachments) {
    const id = attachment.contentId?.replaceAll(/^<|>$/g, "");
    // The type goes into markup, so it must be one: svg is inert as the source of an image.
    if (id === undefined || !/^image\/[a-z0-9.+-]+$/.test(attachment.mimeType)) continue;
    const data = Buffer.from(bytesOf(attachment)).toString("base64");
    urls.set(id, `data:${attachment.mimeType};base64,${data}`);
  }
  return html.replaceAll(/\bcid:([^"'\s)>]+)/gi, (reference, id: string) => {
    return urls.get(id) ?? urls.get(unescape(id)) ?? reference;
  });
}

function unescape(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
