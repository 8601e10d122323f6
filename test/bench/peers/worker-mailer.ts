/** worker-mailer, which runs in workerd alone. */
import { WorkerMailer, type EmailOptions, type WorkerMailerOptions } from "worker-mailer";

import { HOST, PASSWORD, USERNAME } from "../command.ts";
import type { Peer, RelayAddress } from "../peer.ts";
import { ATTACHMENT_NAME, type SampleMail } from "../sample.ts";

export const peer: Peer = {
  takes: "base64",

  async cold(relay, mail) {
    const mailer = await WorkerMailer.connect(options(relay));
    await mailer.send(email(mail));
    return () => mailer.close();
  },

  async awaited(relay, mails) {
    const mailer = await WorkerMailer.connect(options(relay));
    for (const mail of mails) await mailer.send(email(mail));
    return () => mailer.close();
  },

  async batch(relay, mails) {
    const mailer = await WorkerMailer.connect(options(relay));
    await Promise.all([...mails].map((mail) => mailer.send(email(mail))));
    return () => mailer.close();
  },
};

function options({ port, security }: RelayAddress): WorkerMailerOptions {
  return {
    host: HOST,
    port,
    secure: security === "tls",
    startTls: security === "starttls",
    credentials: { username: USERNAME, password: PASSWORD },
    authType: "plain",
    // LogLevel.NONE: an enum of a module that has no such export at run time in every build.
    logLevel: 4,
  };
}

function email({ from, to, subject, text, html, attachment }: SampleMail): EmailOptions {
  return {
    from,
    to: [...to],
    subject,
    text,
    ...(html === undefined ? {} : { html }),
    ...(typeof attachment === "string"
      ? { attachments: [{ filename: ATTACHMENT_NAME, content: attachment }] }
      : {}),
  };
}
