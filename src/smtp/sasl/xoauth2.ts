/** XOAUTH2, Google's and Microsoft's own, older than RFC 7628: the access token of an OAuth client. */
import { bearer } from "./bearer.ts";
import type { MechanismFactory } from "./mechanism.ts";

export const XOAUTH2: MechanismFactory = bearer("XOAUTH2", {
  message: (username, token) => `user=${username}\x01auth=Bearer ${token}\x01\x01`,
  farewell: "",
});
