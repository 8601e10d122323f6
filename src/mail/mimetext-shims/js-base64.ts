/**
 * In place of `js-base64`, which mimetext needs only for the default host that {@link Base64} would
 * serve; ours is another. A bundler's alias puts it there.
 */
export const Base64: { encode(text: string): string; encodeURI(text: string): string } = {
  encode: refuse,
  encodeURI: refuse,
};

function refuse(): never {
  throw new TypeError("mimetext is not to encode anything");
}
