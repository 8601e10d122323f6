/** What nodemailer is told, with its pool and without. */
import { HOST, PASSWORD, USERNAME } from "../command.ts";
import type { RelayAddress } from "../peer.ts";
import { ATTACHMENT_NAME, type SampleMail } from "../sample.ts";

interface Options {
  readonly host: string;
  readonly tls: { readonly servername: string };
  readonly port: number;
  readonly secure: boolean;
  readonly requireTLS: boolean;
  readonly auth: { readonly user: string; readonly pass: string };
}

export function options({ port, security }: RelayAddress): Options {
  return {
    // By address: in workerd its look-up asks a server of the Internet, which knows no localhost.
    host: "127.0.0.1",
    tls: { servername: HOST },
    port,
    secure: security === "tls",
    requireTLS: security === "starttls",
    auth: { user: USERNAME, pass: PASSWORD },
  };
}

interface Message extends Omit<SampleMail, "to" | "attachment"> {
  readonly to: string[];
  readonly attachments?: { readonly filename: string; readonly content: Buffer }[];
}

export function message({ attachment, to, ...mail }: SampleMail): Message {
  const whole = { ...mail, to: [...to] };
  if (!(attachment instanceof Uint8Array)) return whole;
  const { buffer, byteOffset, byteLength } = attachment;
  const content = Buffer.from(buffer, byteOffset, byteLength);
  return { ...whole, attachments: [{ filename: ATTACHMENT_NAME, content }] };
}
