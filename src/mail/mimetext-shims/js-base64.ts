/**
 * In place of `js-base64`, which serves mimetext's default host only; ours is another and encodes
 * nothing. A bundler's alias puts it there.
 */
export const Base64: { encode(text: string): string; encodeURI(text: string): string } = {
  encode: refuse,
  encodeURI: refuse,
};

function refuse(): never {
  throw new TypeError("mimetext is not to encode anything");
}
