/** Postrider, through its published door. */
import { createMailer, type Mailer, type MailInput } from "../../../src/index.ts";
import { HOST, PASSWORD, USERNAME } from "../command.ts";
import type { Peer, RelayAddress } from "../peer.ts";
import { ATTACHMENT_NAME, type SampleMail } from "../sample.ts";

/** By port. */
const KEPT = new Map<number, Mailer>();

export const peer: Peer = {
  takes: "octets",

  async cold(relay, mail) {
    const mailer = mailerFor(relay);
    await mailer.send(input(mail));
    return () => mailer.close();
  },

  async known(relay, mail) {
    const mailer = KEPT.get(relay.port) ?? mailerFor(relay);
    KEPT.set(relay.port, mailer);
    await mailer.send(input(mail));
    // It hangs up by itself after each mail, and is kept for the next.
    return async () => undefined;
  },

  async awaited(relay, mails) {
    const mailer = mailerFor(relay);
    // The next mail is there when the outcome of the last one is.
    let next = Promise.withResolvers<void>();
    next.resolve();
    const oneByOne = async function* (): AsyncGenerator<MailInput> {
      for (const mail of mails) {
        await next.promise;
        next = Promise.withResolvers();
        yield input(mail);
      }
    };
    await settle(mailer, oneByOne(), () => next.resolve());
    return () => mailer.close();
  },

  async batch(relay, mails) {
    const mailer = mailerFor(relay);
    await settle(mailer, inputs(mails), () => undefined);
    return () => mailer.close();
  },
};

async function settle(
  mailer: Mailer,
  mails: Iterable<MailInput> | AsyncIterable<MailInput>,
  onOutcome: () => void,
): Promise<void> {
  for await (const outcome of mailer.sendMany(mails)) {
    if (outcome.status !== "accepted") throw new Error(JSON.stringify(outcome));
    onOutcome();
  }
}

function mailerFor({ port, security }: RelayAddress): Mailer {
  const relay = { host: HOST, port, security, username: USERNAME, password: PASSWORD };
  return createMailer({ relay });
}

function* inputs(mails: Iterable<SampleMail>): Generator<MailInput> {
  for (const mail of mails) yield input(mail);
}

function input({ attachment, ...mail }: SampleMail): MailInput {
  if (attachment === undefined) return mail;
  return { ...mail, attachments: [{ filename: ATTACHMENT_NAME, content: attachment }] };
}
