/** OAUTHBEARER (RFC 7628 §3.1): the access token of an OAuth client, without host and port. */
import { bearer } from "./bearer.ts";
import type { MechanismFactory } from "./mechanism.ts";

export const OAUTHBEARER: MechanismFactory = bearer("OAUTHBEARER", {
  message: (username, token) => {
    const authzid = username.replaceAll("=", "=3D").replaceAll(",", "=2C");
    return `n,a=${authzid},\x01auth=Bearer ${token}\x01\x01`;
  },
  // RFC 7628 §3.2.3: one octet, so that the failure can be told from a response.
  farewell: "\x01",
});
