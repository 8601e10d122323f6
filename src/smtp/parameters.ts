/**
 * What a mail asks of a relay beyond delivery, as parameters of MAIL and RCPT: each goes out only where its
 * extension is offered, and a mail that asks for what is not offered is refused before MAIL, by name.
 */
import type { Capabilities } from "./capabilities.ts";
import { InvalidCommand, path } from "./command.ts";

export type DsnEvent = "NEVER" | "SUCCESS" | "FAILURE" | "DELAY";

/** Extensions by their keyword; all of them optional, none sent unless asked for. */
export interface Requests {
  /** Delivery status notifications (RFC 3461 §4). NEVER stands alone. */
  readonly dsn?: {
    readonly notify?: readonly DsnEvent[];
    readonly ret?: "FULL" | "HDRS";
    /** Up to 100 characters, sent as xtext. */
    readonly envid?: string;
  };
  /** Every hop must use verified TLS (RFC 8689 §2). */
  readonly requireTls?: boolean;
  /** From -9 to 9 (RFC 6710 §4). */
  readonly priority?: number;
  /** Deliver within these seconds, or return it (R) or notify (N) (RFC 2852 §4). */
  readonly deliverBy?: {
    readonly seconds: number;
    readonly mode: "R" | "N";
    readonly trace?: boolean;
  };
  /** Hold it for so many seconds before it is delivered (RFC 4865 §4). */
  readonly holdForSeconds?: number;
  /** Who submitted it, where the relay trusts us to say so; "" is nobody (RFC 4954 §5). */
  readonly submitter?: string;
}

export interface Lack {
  readonly extension: string;
  readonly message: string;
}

/** The first request that the relay cannot meet; undefined where it meets all of them. */
export function lackOf(
  requests: Requests,
  { keywords }: Capabilities,
  { isSecured }: { readonly isSecured: boolean },
): Lack | undefined {
  const { dsn, requireTls, priority, deliverBy, holdForSeconds, submitter } = requests;
  const wanted: readonly (readonly [string, boolean])[] = [
    ["DSN", dsn !== undefined],
    ["REQUIRETLS", requireTls === true],
    ["MT-PRIORITY", priority !== undefined],
    ["DELIVERBY", deliverBy !== undefined],
    ["FUTURERELEASE", holdForSeconds !== undefined],
    ["AUTH", submitter !== undefined],
  ];
  for (const [extension, isWanted] of wanted) {
    if (!isWanted || keywords.has(extension)) continue;
    return { extension, message: `the mail asks for ${extension}, which the relay does not offer` };
  }
  if (requireTls === true && !isSecured) {
    // RFC 8689 §4.2.1: only over TLS with a verified certificate.
    return { extension: "REQUIRETLS", message: "REQUIRETLS cannot be asked for without TLS" };
  }
  return deliverByLack(requests, keywords.get("DELIVERBY")?.[0]) ?? holdLack(requests, keywords);
}

/** The words that follow the reverse-path. */
export function mailWords(requests: Requests): readonly string[] {
  const { dsn, requireTls, priority, deliverBy, holdForSeconds, submitter } = requests;
  const words: string[] = [];
  if (dsn?.ret !== undefined) words.push(`RET=${dsn.ret}`);
  if (dsn?.envid !== undefined) words.push(`ENVID=${xtext(bounded(dsn.envid, 100))}`);
  if (requireTls === true) words.push("REQUIRETLS");
  if (priority !== undefined) words.push(`MT-PRIORITY=${whole(priority, -9, 9)}`);
  if (deliverBy !== undefined) {
    const { seconds, mode, trace = false } = deliverBy;
    words.push(`BY=${whole(seconds, -999_999_999, 999_999_999)};${mode}${trace ? "T" : ""}`);
  }
  if (holdForSeconds !== undefined) words.push(`HOLDFOR=${whole(holdForSeconds, 1, 999_999_999)}`);
  if (submitter !== undefined)
    words.push(`AUTH=${submitter === "" ? "<>" : xtext(path(submitter))}`);
  return words;
}

/** The words that follow a forward-path. */
export function rcptWords(requests: Requests, forwardPath: string): readonly string[] {
  const notify = requests.dsn?.notify;
  if (requests.dsn === undefined) return [];
  const words = notify === undefined ? [] : [`NOTIFY=${events(notify)}`];
  // RFC 3461 §4.2: whom it was for in the first place; in UTF-8 its own address type (RFC 6533 §3).
  return /^[ -~]*$/.test(forwardPath) ? [...words, `ORCPT=rfc822;${xtext(forwardPath)}`] : words;
}

/** RFC 3461 §4: `+`, `=`, and what is not printable ASCII as +HH. */
export function xtext(text: string): string {
  return [...new TextEncoder().encode(text)]
    .map((octet) => {
      const isPlain = octet > 0x20 && octet < 0x7f && octet !== 0x2b && octet !== 0x3d;
      return isPlain
        ? String.fromCharCode(octet)
        : `+${octet.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");
}

function deliverByLack({ deliverBy }: Requests, offered: string | undefined): Lack | undefined {
  // RFC 2852 §4: in mode R the relay names the shortest time it can promise.
  const least = offered !== undefined && /^\d{1,9}$/.test(offered) ? Number(offered) : 0;
  if (deliverBy?.mode !== "R" || deliverBy.seconds >= least) return undefined;
  const message = `the mail is to be delivered within ${deliverBy.seconds} s, the relay needs ${least}`;
  return { extension: "DELIVERBY", message };
}

function holdLack(
  { holdForSeconds }: Requests,
  keywords: Capabilities["keywords"],
): Lack | undefined {
  // RFC 4865 §3: the first parameter is the longest time, in seconds.
  const offered = keywords.get("FUTURERELEASE")?.[0] ?? "";
  const most = /^\d{1,9}$/.test(offered) ? Number(offered) : Infinity;
  if (holdForSeconds === undefined || holdForSeconds <= most) return undefined;
  const message = `the mail is to be held for ${holdForSeconds} s, the relay holds ${most} at most`;
  return { extension: "FUTURERELEASE", message };
}

function events(notify: readonly DsnEvent[]): string {
  const isKnown = notify.every((event) => DSN_EVENTS.has(event));
  if (notify.length > 0 && isKnown && (notify.length === 1 || !notify.includes("NEVER"))) {
    return notify.join(",");
  }
  throw new InvalidCommand("NOTIFY is NEVER alone, or of SUCCESS, FAILURE and DELAY");
}

const DSN_EVENTS: ReadonlySet<string> = new Set(["NEVER", "SUCCESS", "FAILURE", "DELAY"]);

function whole(value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InvalidCommand(`not a whole number from ${least} to ${most}: ${String(value)}`);
}

function bounded(text: string, most: number): string {
  if (text.length > 0 && text.length <= most) return text;
  throw new InvalidCommand(`ENVID takes up to ${most} characters`);
}
