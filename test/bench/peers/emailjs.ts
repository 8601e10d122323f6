/** emailjs, whose client has one connection and a queue before it. */
import { SMTPClient, type MessageAttachment, type MessageHeaders } from "emailjs";

import { HOST, PASSWORD, USERNAME } from "../command.ts";
import type { Leave, Peer, RelayAddress } from "../peer.ts";
import { ATTACHMENT_NAME, type SampleMail } from "../sample.ts";

export const peer: Peer = {
  takes: "base64",
  cold: async (relay, mail) => inTurn(relay, [mail]),
  awaited: inTurn,

  async batch(relay, mails) {
    const client = clientFor(relay);
    await Promise.all(Array.from(mails, (mail) => client.sendAsync(headers(mail))));
    return async () => client.smtp.quit();
  },
};

async function inTurn(relay: RelayAddress, mails: Iterable<SampleMail>): Promise<Leave> {
  const client = clientFor(relay);
  for (const mail of mails) await client.sendAsync(headers(mail));
  return async () => client.smtp.quit();
}

function clientFor({ port, security }: RelayAddress): SMTPClient {
  return new SMTPClient({
    host: HOST,
    port,
    user: USERNAME,
    password: PASSWORD,
    authentication: ["PLAIN"],
    timeout: 120_000,
    ...(security === "tls" ? { ssl: true } : { tls: true }),
  });
}

function headers({ from, to, subject, text, html, attachment }: SampleMail): MessageHeaders {
  const attachments: MessageAttachment[] = [];
  if (html !== undefined) attachments.push({ data: html, alternative: true });
  if (typeof attachment === "string") {
    attachments.push({
      data: attachment,
      encoded: true,
      name: ATTACHMENT_NAME,
      type: "application/octet-stream",
    });
  }
  return {
    from,
    to: to.join(", "),
    subject,
    text,
    ...(attachments.length === 0 ? {} : { attachment: attachments }),
  };
}
