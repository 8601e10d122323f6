/** nodemailer with a pool of one connection, which takes any number of mails. */
import { createTransport } from "nodemailer";

import type { Leave, Peer, RelayAddress } from "../peer.ts";
import type { SampleMail } from "../sample.ts";
import { message, options } from "./nodemailer-mail.ts";

export const peer: Peer = {
  takes: "octets",
  cold: async (relay, mail) => inTurn(relay, [mail]),
  awaited: inTurn,

  async batch(relay, mails) {
    const transport = pool(relay);
    await Promise.all(Array.from(mails, (mail) => transport.sendMail(message(mail))));
    return async () => transport.close();
  },
};

async function inTurn(relay: RelayAddress, mails: Iterable<SampleMail>): Promise<Leave> {
  const transport = pool(relay);
  for (const mail of mails) await transport.sendMail(message(mail));
  return async () => transport.close();
}

// oxlint-disable-next-line typescript/explicit-function-return-type
function pool(relay: RelayAddress) {
  return createTransport({
    ...options(relay),
    pool: true,
    maxConnections: 1,
    maxMessages: Number.POSITIVE_INFINITY,
  });
}
