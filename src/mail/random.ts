/** Random tokens: unguessable, and of letters and digits only, so that they fit anywhere. */

export type RandomBytes = (length: number) => Uint8Array;

/** 128 bits: nobody guesses it, and no two are alike. */
const TOKEN_OCTETS = 16;

/** Octets from the platform's cryptographic generator. */
export function randomBytes(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** A token of 128 random bits in hexadecimal. */
export function randomToken(source: RandomBytes = randomBytes): string {
  let token = "";
  for (const octet of source(TOKEN_OCTETS)) token += HEXADECIMAL[octet];
  return token;
}

const HEXADECIMAL: readonly string[] = Array.from({ length: 256 }, (_, octet) =>
  octet.toString(16).padStart(2, "0"),
);
