/**
 * The two globals the core takes from its host, beyond ECMAScript itself: every runtime has them,
 * and they are pure. Seen only by this folder's tsconfig, which has no other types.
 */
declare class TextEncoder {
  encode(input: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(input: Uint8Array): string;
}
