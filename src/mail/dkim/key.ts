/**
 * The keys that sign: options in, checked key material out, and at the first signature a key of Web
 * Crypto. All problems are reported together, and never with key material.
 */
import { invalid, valid } from "../../result.ts";
import type { Result } from "../../result.ts";
import type { Problem } from "../../smtp/outcome.ts";
import { decodeBase64, encodeBase64 } from "../base64.ts";
import { parseDomain } from "../domain.ts";
import { isRecord, printable } from "../fields.ts";
import { MAKE_A_KEY, readPrivateKey } from "./pem.ts";
import type { DkimAlgorithm } from "./pkcs8.ts";

export interface DkimKeyInput {
  /** Signs for mail from this domain and those below it. */
  readonly domain: string;
  /** The public key is at `<selector>._domainkey.<domain>` in the DNS. */
  readonly selector: string;
  /** PKCS#8, as PEM or its base64 alone. RSA of 1024 to 4096 bits, or Ed25519. */
  readonly privateKey: string;
  /** What the key is for, where that is to be checked. */
  readonly algorithm?: DkimAlgorithm;
}

/** A key that was checked as far as can be told without importing it. Only `parseDkimKeys` makes one. */
export interface DkimKeyOptions {
  /** A-labels, in small letters. */
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  /** Base64 of PKCS#8. A secret. */
  readonly pkcs8: string;
}

/** Web Crypto's: its name is a type in workerd's types and none in Node's. */
type SigningKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** A key that can sign. Only `importDkimKey` makes one. */
export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  readonly algorithm: DkimAlgorithm;
  readonly key: SigningKey;
}

/** RFC 1035 §2.3.4: 255 octets on the wire, where the first length and the root are two more. */
const MAX_NAME_OCTETS = 253;

/** The keys of one input or a list, or every problem of them; pointers start with `pointer`. */
export function parseDkimKeys(
  input: unknown,
  pointer: string,
): Result<readonly DkimKeyOptions[], readonly Problem[]> {
  const problems: Problem[] = [];
  const keys: DkimKeyOptions[] = [];
  const names = new Set<string>();
  const inputs: readonly unknown[] = Array.isArray(input) ? Array.from(input) : [input];
  for (const [index, one] of inputs.entries()) {
    const at = Array.isArray(input) ? `${pointer}/${index}` : pointer;
    const key = parseDkimKey(one, at, problems);
    if (key === undefined) continue;
    const name = recordName(key);
    // RFC 6376 §3.6.2.2: under one name there is one key, whatever its algorithm.
    if (names.has(name)) {
      const detail = "Another key has the same `selector` and `domain`: each needs its own.";
      problems.push({ pointer: `${at}/selector`, detail });
    }
    names.add(name);
    keys.push(key);
  }
  return problems.length === 0 ? valid(keys) : invalid(problems);
}

/** Whether the text is a selector: labels of letters, digits and inner hyphens (RFC 6376 §3.1). */
export function isSelector(text: string): boolean {
  return /^(?!.{254})[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/.test(
    text,
  );
}

/** Bounded, so that a program with many keys does not hold them all for ever. */
const MAX_IMPORTED = 32;

/** By key material. Keys and not promises: a promise belongs to the request that made it (workerd). */
const imported = new Map<string, SigningKey>();

/**
 * The key as Web Crypto has it, imported once per isolate. Rejects with a TypeError that names the key
 * where the platform refuses it.
 */
export async function importDkimKey(material: DkimKeyOptions): Promise<DkimKey> {
  const { domain, selector, algorithm, pkcs8 } = material;
  const known = imported.get(pkcs8);
  if (known !== undefined) return { domain, selector, algorithm, key: known };
  const octets = decodeBase64(pkcs8);
  try {
    if (!octets.ok) throw new TypeError("The key is not base64.");
    const params =
      algorithm === "rsa-sha256"
        ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
        : { name: "Ed25519" };
    const key = await crypto.subtle.importKey(
      "pkcs8",
      new Uint8Array(octets.value),
      params,
      false,
      ["sign"],
    );
    const [oldest] = imported.keys();
    if (imported.size >= MAX_IMPORTED && oldest !== undefined) imported.delete(oldest);
    imported.set(pkcs8, key);
    return { domain, selector, algorithm, key };
  } catch (cause) {
    // What platforms say of a bad key differs, and is not fit to be shown.
    const isUnknown = cause instanceof Error && cause.name === "NotSupportedError";
    const why = isUnknown
      ? `this runtime does not have ${algorithm}`
      : "its numbers are not those of a key; copy it again or make another";
    throw new TypeError(
      `The DKIM key with selector ${selector} of ${domain} cannot be used: ${why}.`,
      { cause },
    );
  }
}

function recordName({ domain, selector }: DkimKeyOptions): string {
  return `${selector}._domainkey.${domain}`;
}

const KNOWN: ReadonlySet<string> = new Set([
  "domain",
  "selector",
  "privateKey",
  "algorithm",
] satisfies readonly (keyof DkimKeyInput)[]);

const UNKNOWN_OPTION = `There is an unknown option. Those of a DKIM key are ${[...KNOWN].join(", ")}.`;

function parseDkimKey(
  input: unknown,
  pointer: string,
  problems: Problem[],
): DkimKeyOptions | undefined {
  if (!isRecord(input)) {
    const detail = "A DKIM key is an object with `domain`, `selector` and `privateKey`.";
    problems.push({ pointer, detail });
    return undefined;
  }
  const entries = Object.entries(input).filter(([, value]) => value !== undefined);
  const reader = new KeyReader(new Map(entries.filter(([, value]) => value !== null)), pointer);
  const key = reader.key();
  problems.push(...reader.problems);
  return key;
}

class KeyReader {
  readonly problems: Problem[] = [];
  readonly #options: ReadonlyMap<string, unknown>;
  readonly #at: string;

  constructor(options: ReadonlyMap<string, unknown>, at: string) {
    this.#options = options;
    this.#at = at;
    for (const name of options.keys()) {
      // The name is in the pointer alone: a setting shows no more than the sentence.
      if (!KNOWN.has(name)) this.#problem(printable(name), UNKNOWN_OPTION);
    }
  }

  key(): DkimKeyOptions | undefined {
    const domain = this.#domain();
    const selector = this.#selector();
    const key = this.#privateKey();
    if (domain === undefined || selector === undefined || key === undefined) return undefined;
    const material = { domain, selector, ...key };
    if (recordName(material).length > MAX_NAME_OCTETS) {
      const detail = `\`selector\` and \`domain\` make a name longer than ${MAX_NAME_OCTETS} octets.`;
      this.#problem("selector", detail);
    }
    return this.problems.length === 0 ? material : undefined;
  }

  #domain(): string | undefined {
    const text = this.#text("domain", "the domain that signs, as `example.com`");
    if (text === undefined) return undefined;
    const domain = parseDomain(text);
    if (domain.ok) return domain.value;
    this.#problem("domain", `\`domain\` must be a domain, as \`example.com\`. ${domain.problems}`);
    return undefined;
  }

  #selector(): string | undefined {
    const example = "as `mail` where the public key is at `mail._domainkey.example.com`";
    const text = this.#text("selector", `the name of the key, ${example}`);
    if (text === undefined) return undefined;
    if (isSelector(text)) return text.toLowerCase();
    const detail = `\`selector\` must be letters, digits, inner hyphens and dots, ${example}.`;
    this.#problem("selector", detail);
    return undefined;
  }

  #privateKey(): Pick<DkimKeyOptions, "algorithm" | "pkcs8"> | undefined {
    const wanted = this.#options.get("algorithm");
    if (wanted !== undefined && wanted !== "rsa-sha256" && wanted !== "ed25519-sha256") {
      this.#problem("algorithm", "`algorithm` must be `rsa-sha256` or `ed25519-sha256`.");
    }
    const text = this.#text("privateKey", `a private key as PKCS#8. ${MAKE_A_KEY}`);
    if (text === undefined) return undefined;
    const key = readPrivateKey(text);
    if (!key.ok) {
      this.#problem("privateKey", `\`privateKey\` ${key.problems}`);
      return undefined;
    }
    const { algorithm, octets } = key.value;
    if ((wanted === "rsa-sha256" || wanted === "ed25519-sha256") && wanted !== algorithm) {
      const detail = `\`algorithm\` is \`${wanted}\`, and the key is one for \`${algorithm}\`.`;
      this.#problem("algorithm", detail);
    }
    return { algorithm, pkcs8: encodeBase64(octets) };
  }

  #text(name: string, what: string): string | undefined {
    const value = this.#options.get(name);
    if (value === undefined || value === "") {
      this.#problem(name, `Missing \`${name}\`: ${what}.`);
    } else if (typeof value === "string") return value;
    else this.#problem(name, `\`${name}\` must be a string.`);
    return undefined;
  }

  #problem(name: string, detail: string): void {
    this.problems.push({ pointer: `${this.#at}/${name}`, detail });
  }
}
