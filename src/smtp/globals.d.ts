/**
 * The globals the core takes from its host, beyond ECMAScript itself: every runtime has them, they do
 * no I/O, and the random octets can be given instead. Seen only by this folder's tsconfig, which has
 * no other types.
 */
declare class TextEncoder {
  encode(input: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input: Uint8Array): string;
}

/** The part of Web Crypto that SCRAM needs. */
interface CryptoKey {
  readonly extractable: boolean;
}
declare const crypto: {
  getRandomValues(octets: Uint8Array): Uint8Array;
  readonly subtle: {
    digest(hash: string, octets: Uint8Array): Promise<ArrayBuffer>;
    importKey(
      format: "raw",
      octets: Uint8Array,
      algorithm: string | { readonly name: string; readonly hash: string },
      extractable: boolean,
      usages: ("deriveBits" | "sign")[],
    ): Promise<CryptoKey>;
    sign(algorithm: string, key: CryptoKey, octets: Uint8Array): Promise<ArrayBuffer>;
    deriveBits(
      algorithm: {
        readonly name: "PBKDF2";
        readonly hash: string;
        readonly salt: Uint8Array;
        readonly iterations: number;
      },
      key: CryptoKey,
      bits: number,
    ): Promise<ArrayBuffer>;
  };
};
