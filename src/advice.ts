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
      return failure.reply === undefined
        ? "Check that this is the port for submission (587 or 465), and which AUTH mechanisms the relay takes: PLAIN and LOGIN are supported."
        : "Check user name and password. Many providers want an app password or an API key in place of the account's password, and some must have SMTP switched on first.";
    case "protocol":
      return "What answers does not speak SMTP properly. Check host and port.";
    case "config":
      return "Set what is named, then deploy again.";
    case "reply":
    case "validation":
      return undefined;
  }
}
