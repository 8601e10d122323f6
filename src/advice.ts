/** What a person can do about a failure: one or two sentences for `verify()` and POST /verify. */
import type { Failure } from "./smtp/outcome.ts";

/** How to mend it, or undefined where the relay's own words say all there is. */
export function adviceOn(failure: Failure): string | undefined {
  switch (failure.cause) {
    case "connection":
      return failure.stage === "connect"
        ? "Check the relay's host and port. From Cloudflare, port 25, private addresses and addresses of Cloudflare itself cannot be reached: use the relay's public name and port 587 or 465."
        : "The relay closed the connection. On port 465 use security `tls`; on 587 use `starttls`. Some relays also drop clients whose address they do not know.";
    case "timeout":
      return failure.stage === "greeting"
        ? "The relay said nothing. On port 465 use security `tls`: it waits for TLS while we wait for its greeting."
        : failure.stage === "connect"
          ? "Nothing answers at that host and port. From Cloudflare, port 25 is closed: use 587 or 465."
          : "The relay is slow or stuck. Try again, or raise the timeout of this stage.";
    case "tls":
      return failure.stage === "starttls"
        ? "On port 587 a relay should offer STARTTLS. If this one speaks TLS from the first octet, use port 465 and security `tls`. Nothing is ever sent in the clear instead."
        : "Dial the relay by the name in its certificate. It must be in date, from a public authority, and name the host as a subject alternative name. If the port is 587, security must be `starttls`.";
    case "auth":
      return adviceOnAuth(failure);
    case "protocol":
      return "What answers does not speak SMTP properly. Check host and port.";
    case "config":
      return "Set what is named, then deploy again.";
    case "reply":
    case "validation":
      return undefined;
  }
}

/** RFC 4954 §6 and what large providers mean by their codes. */
function adviceOnAuth(failure: Failure): string {
  const { reply, message } = failure;
  if (reply === undefined && message.includes("given up")) {
    return "The relay and these credentials do not come together by this mechanism: choose another by `authMethods`, or ask the relay's operator.";
  }
  if (reply === undefined) {
    return "Check that this is the port for submission (587 or 465), and which AUTH mechanisms the relay takes: the report of verify lists them, and `authMethods` chooses.";
  }
  const { code, enhanced } = reply;
  if (enhanced === "5.7.30" || enhanced === "5.7.139") {
    return "Exchange Online takes no passwords here any more: give an OAuth `accessToken` in place of the password, or have SMTP AUTH allowed for this mailbox.";
  }
  if (code === 432 || enhanced === "4.7.12") {
    return "The relay wants this password to be changed or used once in another way first: sign in to the account on the provider's site, then try again.";
  }
  if (code === 454 || (code >= 400 && code < 500)) {
    return "The relay cannot check credentials at the moment. Nothing is wrong with them as far as it says: try again later.";
  }
  if (code === 534 || enhanced === "5.7.9") {
    return "The relay wants a stronger mechanism or another kind of password: make an app password, or give an OAuth `accessToken`.";
  }
  if (code === 530 && failure.stage !== "auth") {
    return "The relay takes mail only after AUTH: set user name and password (SMTP_USERNAME and SMTP_PASSWORD).";
  }
  if (code === 530 || code === 538 || enhanced === "5.7.11") {
    return "The relay wants TLS before AUTH: use security `starttls` or `tls`.";
  }
  return "Check user name and password. Many providers want an app password or an API key in place of the account's password, and some must have SMTP switched on first.";
}
