/**
 * Commands as values: the line for the wire and the line for the log, made together so that a
 * credential has no way into a log. `encodeCommand` adds CRLF, and is the one place that refuses what
 * could end a line or smuggle a parameter (RFC 5321 §2.3.8, §4.1.1).
 */

export interface Command {
  readonly line: string;
  readonly log: string;
}

/** A command that must not be written: the caller's value is at fault, nothing was sent. */
export class InvalidCommand extends TypeError {
  override readonly name = "InvalidCommand";
}

/** RFC 5321 §4.5.3.1.4, CRLF included. */
const MAX_COMMAND_OCTETS = 512;
/**
 * What MAIL may be long: RFC 1870 §3 adds 26, RFC 6152 §2 17, RFC 6531 §3.1 10, RFC 3461 §5.4 107,
 * RFC 8689 §2 11, RFC 6710 §3 15, RFC 2852 §4 17, RFC 4865 §3 34 and RFC 4954 §3 500.
 */
const MAX_MAIL_OCTETS: number = MAX_COMMAND_OCTETS + 26 + 17 + 10 + 107 + 11 + 15 + 17 + 34 + 500;
/** RFC 3461 §5.4 adds 500 for NOTIFY and ORCPT. */
const MAX_RCPT_OCTETS: number = MAX_COMMAND_OCTETS + 500;
/** RFC 4954 §4. */
const MAX_AUTH_OCTETS = 12_288;
/** RFC 5321 §4.5.3.1.3, angle brackets included. */
const MAX_PATH_OCTETS = 256;

const encoder = new TextEncoder();

export function ehlo(name: string): Command {
  return plain(`EHLO ${domain(name)}`);
}

export function helo(name: string): Command {
  return plain(`HELO ${domain(name)}`);
}

export const STARTTLS: Command = plain("STARTTLS");
export const DATA: Command = plain("DATA");
export const RSET: Command = plain("RSET");
export const QUIT: Command = plain("QUIT");

/** `AUTH PLAIN ...`; the initial response is left out of the log. */
export function auth(mechanism: string, initialResponse?: string): Command {
  if (!/^[A-Z0-9_-]{1,20}$/.test(mechanism)) {
    throw new InvalidCommand(`not the name of a SASL mechanism: ${JSON.stringify(mechanism)}`);
  }
  const line = `AUTH ${mechanism}`;
  if (initialResponse === undefined) return plain(line);
  return { line: `${line} ${initialResponse}`, log: `${line} ***` };
}

/** Whether `AUTH` with this initial response stays within a command line (RFC 4954 §4). */
export function fitsInitialResponse(mechanism: string, initialResponse: string): boolean {
  return `AUTH ${mechanism} ${initialResponse}\r\n`.length <= MAX_COMMAND_OCTETS;
}

/** The answer to a challenge: base64, or `*` to give up. Never logged. */
export function authResponse(response: string): Command {
  return { line: response, log: response === "*" ? "*" : "***" };
}

export interface MailParameters {
  readonly sizeOctets?: number | undefined;
  readonly smtpUtf8?: boolean;
  readonly eightBitMime?: boolean;
  /** Further parameters, as `RET=HDRS`. */
  readonly words?: readonly string[] | undefined;
}

/** RFC 5321 §3.3: no space after the colon. An empty reverse-path is the null one. */
export function mailFrom(reversePath: string, parameters: MailParameters = {}): Command {
  const words = [`MAIL FROM:<${reversePath === "" ? "" : path(reversePath)}>`];
  if (parameters.sizeOctets !== undefined) {
    if (!Number.isSafeInteger(parameters.sizeOctets) || parameters.sizeOctets < 0) {
      throw new InvalidCommand(`not a number of octets: ${String(parameters.sizeOctets)}`);
    }
    words.push(`SIZE=${parameters.sizeOctets}`);
  }
  if (parameters.eightBitMime === true) words.push("BODY=8BITMIME");
  if (parameters.smtpUtf8 === true) words.push("SMTPUTF8");
  return plain([...words, ...(parameters.words ?? [])].map(word).join(" "));
}

export function rcptTo(forwardPath: string, words: readonly string[] = []): Command {
  return plain([`RCPT TO:<${path(forwardPath)}>`, ...words].map(word).join(" "));
}

/** All of the content as one chunk: so many octets follow, not a line (RFC 3030 §2). */
export function bdatLast(octets: number): Command {
  return plain(`BDAT ${octets} LAST`);
}

/** The octets of a command, CRLF added. Throws {@link InvalidCommand}; then nothing was written. */
export function encodeCommand(command: Command): Uint8Array {
  const { line } = command;
  const octets = new Uint8Array(checkCommand(command));
  // An encoder, and octets of its making, cost several times more than a short line does this way.
  if (octets.length === line.length + 2) {
    for (let at = 0; at < line.length; at++) octets[at] = line.charCodeAt(at);
  } else octets.set(encoder.encode(line));
  octets[octets.length - 2] = 0x0d;
  octets[octets.length - 1] = 0x0a;
  return octets;
}

/** How many octets the command has, CRLF counted. Throws {@link InvalidCommand}. */
export function checkCommand(command: Command): number {
  const { line } = command;
  // Over the final text, whatever the field checks before it may have missed.
  if (hasControl(line)) {
    throw new InvalidCommand(`a command holds a control character: ${JSON.stringify(command.log)}`);
  }
  const octets = octetsIn(line) + "\r\n".length;
  if (octets > limitOf(command)) {
    throw new InvalidCommand(`a command is longer than ${limitOf(command)} octets`);
  }
  return octets;
}

/** In UTF-8; ASCII, which nearly every command is, need not be encoded to be counted. */
function octetsIn(text: string): number {
  return /[\u0080-\uffff]/.test(text) ? encoder.encode(text).length : text.length;
}

/** C0, DEL and C1. As ranges: V8 reads the table of a property whenever a Worker starts. */
function hasControl(text: string): boolean {
  return /[^ -~\u00a0-\uffff]/.test(text);
}

function plain(line: string): Command {
  return { line, log: line };
}

function limitOf(command: Command): number {
  // An answer to a challenge has no verb, and is never logged.
  if (command.log.startsWith("AUTH ") || command.log === "***") return MAX_AUTH_OCTETS;
  if (command.log.startsWith("RCPT ")) return MAX_RCPT_OCTETS;
  return command.log.startsWith("MAIL ") ? MAX_MAIL_OCTETS : MAX_COMMAND_OCTETS;
}

/** A parameter must not bring another one along. The first word, `MAIL FROM:<...>`, has one space. */
function word(text: string, index: number): string {
  if (index > 0 && !/^[!-~]+$/.test(text)) {
    throw new InvalidCommand(`not a parameter of a command: ${JSON.stringify(text)}`);
  }
  return text;
}

/**
 * A path without quoted local parts: white space, quotes, brackets and angle brackets are what could
 * end it early and start a parameter (`RCPT TO:<a> ORCPT=...`).
 */
export function path(value: string): string {
  if (hasControl(value) || !/^[^\s"(),:;<>@[\\\]]+@[A-Za-z0-9._:[\]-]+$/.test(value)) {
    throw new InvalidCommand(`not a mailbox that can stand in a command: ${JSON.stringify(value)}`);
  }
  if (octetsIn(value) + 2 > MAX_PATH_OCTETS) {
    throw new InvalidCommand(
      `a path is longer than ${MAX_PATH_OCTETS} octets (RFC 5321 §4.5.3.1.3)`,
    );
  }
  return value;
}

/** RFC 5321 §4.1.3: a domain or an address literal. */
function domain(name: string): string {
  if (!isEhloName(name)) {
    throw new InvalidCommand(`not a host name or address literal: ${JSON.stringify(name)}`);
  }
  return name;
}

/** Whether a name may stand in EHLO: a domain name, `[192.0.2.1]` or `[IPv6:2001:db8::1]`. */
export function isEhloName(name: string): boolean {
  if (name.length > 255) return false;
  if (/^\[(?:\d{1,3}(?:\.\d{1,3}){3}|IPv6:[0-9A-Fa-f:.]{2,45})\]$/.test(name)) return true;
  return (
    /[A-Za-z]/.test(name) &&
    name.split(".").every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label))
  );
}
