/** nodemailer without its pool: every mail is a session of its own. */
import { createTransport } from "nodemailer";

import type { Peer } from "../peer.ts";
import { message, options } from "./nodemailer-mail.ts";

const NO_SESSION = "nodemailer has no session for several mails without its pool";

export const peer: Peer = {
  takes: "octets",

  async cold(relay, mail) {
    const transport = createTransport(options(relay));
    await transport.sendMail(message(mail));
    return async () => transport.close();
  },

  async awaited() {
    throw new Error(NO_SESSION);
  },

  async batch() {
    throw new Error(NO_SESSION);
  },
};
