/**
 * What a real mail server must be to stand in the matrix. Another one is a file like `postfix.ts` that
 * makes a `RelayServer`, a name in the list of `matrix.test.ts`, and a package in `install.sh`.
 */

/** What the matrix varies, and the limits it runs into. */
export interface ServerOptions {
  /** Whether EHLO names PIPELINING (RFC 2920 §2). */
  readonly pipelining: boolean;
  /** Whether EHLO names CHUNKING (RFC 3030 §2). */
  readonly chunking: boolean;
  /** Octets: what EHLO names after SIZE (RFC 1870 §4). */
  readonly sizeLimit: number;
  /** Recipients of one transaction; the next one gets 452 (RFC 5321 §4.5.3.1.10). */
  readonly recipientLimit: number;
}

/**
 * A private instance on 127.0.0.1, with the certificate `good` of `test/certs`, which is for localhost.
 * It takes mail from ACCOUNTS only, and only over TLS, for every recipient of example.org but
 * UNKNOWN_RECIPIENT (550) and BUSY_RECIPIENT (450). Nothing leaves the machine: what is for another
 * domain, as UNDELIVERABLE_RECIPIENT, is taken and then comes back to the sender (RFC 3461 §4.1).
 */
export interface RunningServer {
  /** Asks for STARTTLS. */
  readonly submissionPort: number;
  /** Speaks TLS from the first octet. */
  readonly tlsPort: number;
  /**
   * The messages in that mailbox, in no order, once nothing is on its way any more: what the client
   * handed over, line ends as CRLF, without the header fields that the server itself put on top.
   */
  stored(recipient: string): Promise<readonly Buffer[]>;
  /** All that the server logged so far. */
  log(): string;
  /** Resolves when no process and no file of the instance is left. */
  stop(): Promise<void>;
}

export interface RelayServer {
  readonly name: string;
  /** The SASL mechanisms that `start` sets up, all for a password. */
  readonly authMechanisms: readonly string[];
  /** Rejects with what to do about it where the server is not installed. */
  start(options: ServerOptions): Promise<RunningServer>;
}

export interface Account {
  readonly username: string;
  readonly password: string;
}

/** Who may send. The second holds what mechanisms quote or split at (RFC 5802 §5.1). */
export const ACCOUNTS = [
  { username: "postrider", password: "postrider" },
  { username: "odd=3Duser,name", password: 'p ass=wo,rd\\"%' },
] as const satisfies readonly Account[];

export const DOMAIN = "example.org";
export const UNKNOWN_RECIPIENT: string = `unknown@${DOMAIN}`;
export const BUSY_RECIPIENT: string = `later@${DOMAIN}`;
export const UNDELIVERABLE_RECIPIENT = "bob@example.net";

/** What servers put on top of a message that they take or deliver (RFC 5321 §4.4). */
const TRACE = /^(?:Return-Path|X-Original-To|Delivered-To|Received):[^\n]*\n(?:[ \t][^\n]*\n)*/i;

/** A file as servers on Unix store it, told apart: what was handed over, and what they put on top. */
export function withoutTrace(file: Buffer): { readonly trace: string; readonly content: Buffer } {
  // One octet, one character: nothing is decoded.
  let rest = file.toString("latin1");
  let trace = "";
  for (;;) {
    const field = TRACE.exec(rest)?.[0];
    if (field === undefined) break;
    trace += field;
    rest = rest.slice(field.length);
  }
  return {
    trace: Buffer.from(trace, "latin1").toString("utf8"),
    content: Buffer.from(rest.replaceAll(/(?<!\r)\n/g, "\r\n"), "latin1"),
  };
}
