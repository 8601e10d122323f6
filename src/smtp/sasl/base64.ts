/** Base64 for SASL (RFC 4648 §4), strict in what it reads: RFC 4954 §4 wants anything else refused. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

export function encodeBase64(octets: Uint8Array): string {
  let text = "";
  for (let at = 0; at < octets.length; at += 3) {
    const [a = 0, b = 0, c = 0] = octets.subarray(at, at + 3);
    const bits = (a << 16) | (b << 8) | c;
    const left = octets.length - at;
    text += letter(bits >> 18) + letter(bits >> 12);
    text += left > 1 ? letter(bits >> 6) : "=";
    text += left > 2 ? letter(bits) : "=";
  }
  return text;
}

/** The octets, or undefined where the text is not base64 with its padding at the end only. */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const octets = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text.slice(0, text.length - padding)) {
    bits = ((bits << 6) | ALPHABET.indexOf(character)) & 0xffffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      octets[at] = (bits >> held) & 0xff;
      at += 1;
    }
  }
  return octets;
}

function letter(bits: number): string {
  return ALPHABET[bits & 63] ?? "";
}
