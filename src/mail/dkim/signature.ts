/**
 * DKIM-Signature fields (RFC 6376 §3.5), one per key, `relaxed/relaxed`, with RSA or Ed25519 (RFC 8463
 * §3). A signature is over what was given: whatever changes the message afterwards breaks it.
 */
import { encodeBase64 } from "../base64.ts";
import { parseDomain } from "../domain.ts";
import { bodyHash } from "./body-hash.ts";
import type { Body } from "./body-hash.ts";
import { canonicalField, splitHeader } from "./canonical-header.ts";
import { isSelector } from "./key.ts";
import type { DkimKey } from "./key.ts";
import { signedFields } from "./signed-fields.ts";

/** A message to sign, in the two parts that are signed apart. */
export interface SignableMessage {
  /** All fields with CRLF line ends, without the empty line behind them. */
  readonly header: string;
  /** What stands after the empty line. Read once, whatever the number of keys. */
  readonly body: Body;
}

/**
 * The `DKIM-Signature: ...` fields to put before the header, in the order of the keys, ASCII, folded,
 * each with CRLF; empty without keys. Rejects with a TypeError where a key is not one of
 * `importDkimKey`, or the header is not one.
 */
export async function signatureFields(
  message: SignableMessage,
  keys: readonly DkimKey[],
  { signedAt }: { readonly signedAt: Date },
): Promise<string> {
  if (keys.length === 0) return "";
  const seconds = Math.floor(signedAt.getTime() / 1000);
  if (!(seconds >= 0)) throw new TypeError("The time of the signature is not a date after 1970.");
  for (const key of keys) assertSafe(key);
  const { names, canonical } = signedFields(splitHeader(message.header));
  const hash = encodeBase64(await bodyHash(message.body));
  let fields = "";
  for (const key of keys) {
    const unsigned = unsignedField(key, { seconds, hash, names });
    // RFC 6376 §3.7: the field itself, its `b=` empty, comes last and without CRLF.
    const last = canonicalField({ name: NAME.toLowerCase(), text: unsigned });
    const octets = new Uint8Array(new TextEncoder().encode(canonical + last));
    fields += `${unsigned}${foldBase64(encodeBase64(await sign(key, octets)))}\r\n`;
  }
  return fields;
}

/**
 * The keys that sign for mail from the domain: those of the domain itself, else of the nearest one
 * above it, so that the signature is aligned as DMARC wants it (RFC 7489 §3.1.1).
 */
export function keysFor<K extends { readonly domain: string }>(
  keys: readonly K[],
  fromDomain: string,
): readonly K[] {
  const from = fromDomain.toLowerCase();
  const aligned = keys.filter(({ domain }) => from === domain || from.endsWith(`.${domain}`));
  const nearest = Math.max(...aligned.map(({ domain }) => domain.length));
  return aligned.filter(({ domain }) => domain.length === nearest);
}

const NAME = "DKIM-Signature";
/** RFC 5322 §2.1.1: a line SHOULD have no more. */
const FOLD_AT = 78;
/** Digits on the first line of `b=`, which stand behind ` b=`, and on the others, behind a space. */
const FIRST_DIGITS = 72;
const DIGITS = 76;

interface Tags {
  readonly seconds: number;
  readonly hash: string;
  readonly names: readonly string[];
}

/** The field up to and with `b=`. */
function unsignedField({ algorithm, domain, selector }: DkimKey, tags: Tags): string {
  const words = ["v=1;", `a=${algorithm};`, "c=relaxed/relaxed;", `d=${domain};`];
  words.push(`s=${selector};`, `t=${tags.seconds};`, `bh=${tags.hash};`);
  const last = tags.names.length - 1;
  const list = tags.names.map((name, index) => (index === last ? `${name};` : `${name}:`));
  let field = `${NAME}:`;
  let column = field.length;
  // Lines break between tags and behind the colons of `h=`, where white space may stand.
  const add = (word: string, separator: string): void => {
    const fits = column + separator.length + word.length <= FOLD_AT;
    field += fits ? separator + word : `\r\n ${word}`;
    column = fits ? column + separator.length + word.length : word.length + 1;
  };
  for (const word of words) add(word, " ");
  for (const [index, name] of list.entries()) {
    if (index === 0) add(`h=${name}`, " ");
    else add(name, "");
  }
  return `${field}\r\n b=`;
}

function foldBase64(text: string): string {
  let folded = text.slice(0, FIRST_DIGITS);
  for (let at = FIRST_DIGITS; at < text.length; at += DIGITS) {
    folded += `\r\n ${text.slice(at, at + DIGITS)}`;
  }
  return folded;
}

async function sign(
  { algorithm, key }: DkimKey,
  octets: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  switch (algorithm) {
    case "rsa-sha256":
      return new Uint8Array(await crypto.subtle.sign("RSASSA-PKCS1-v1_5", key, octets));
    case "ed25519-sha256": {
      // RFC 8463 §3: Ed25519 signs the digest, not the octets.
      const digest = await crypto.subtle.digest("SHA-256", octets);
      return new Uint8Array(await crypto.subtle.sign("Ed25519", key, digest));
    }
  }
}

/** What goes into tags has no way to end one: a key may have been made by other than `importDkimKey`. */
function assertSafe({ domain, selector, algorithm }: DkimKey): void {
  const parsed = parseDomain(domain);
  const isKnown = algorithm === "rsa-sha256" || algorithm === "ed25519-sha256";
  if (!isKnown || !parsed.ok || parsed.value !== domain || !isSelector(selector)) {
    throw new TypeError("A DKIM key has a domain, selector or algorithm that is none.");
  }
}
