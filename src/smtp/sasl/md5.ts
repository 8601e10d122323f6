/** MD5 (RFC 1321) and HMAC with it (RFC 2104 §2), for CRAM-MD5 alone: Web Crypto has no MD5. */

const BLOCK_OCTETS = 64;

/** RFC 1321 §3.4: what each round rotates by. */
const ROTATIONS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
/** RFC 1321 §3.4: the sines of 1 to 64, as the RFC has them. */
function sines(): Int32Array {
  return Int32Array.from({ length: 64 }, (_, i) => Math.abs(Math.sin(i + 1)) * 2 ** 32);
}

export function md5(message: Uint8Array): Uint8Array {
  const blocks = padded(message);
  const table = sines();
  const state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  for (let at = 0; at < blocks.length; at += BLOCK_OCTETS / 4) {
    mix(state, blocks.subarray(at, at + BLOCK_OCTETS / 4), table);
  }
  const view = new DataView(new ArrayBuffer(16));
  for (const [at, word] of state.entries()) view.setInt32(4 * at, word, true);
  return new Uint8Array(view.buffer);
}

export function hmacMd5(key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_OCTETS);
  block.set(key.length > BLOCK_OCTETS ? md5(key) : key);
  const inner = md5(
    joined(
      block.map((octet) => octet ^ 0x36),
      message,
    ),
  );
  return md5(
    joined(
      block.map((octet) => octet ^ 0x5c),
      inner,
    ),
  );
}

/** RFC 1321 §3.1 and §3.2, as little-endian words. */
function padded(message: Uint8Array): Int32Array {
  const octets = new Uint8Array(Math.ceil((message.length + 9) / BLOCK_OCTETS) * BLOCK_OCTETS);
  octets.set(message);
  octets[message.length] = 0x80;
  const view = new DataView(octets.buffer);
  view.setBigUint64(octets.length - 8, BigInt(message.length) * 8n, true);
  return Int32Array.from({ length: octets.length / 4 }, (_, at) => view.getInt32(4 * at, true));
}

function mix(state: Int32Array, words: Int32Array, table: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let step = 0; step < 64; step += 1) {
    const round = step >> 4;
    const [value, at] =
      round === 0
        ? [(b & c) | (~b & d), step]
        : round === 1
          ? [(b & d) | (c & ~d), 5 * step + 1]
          : round === 2
            ? [b ^ c ^ d, 3 * step + 5]
            : [c ^ (b | ~d), 7 * step];
    const sum = (a + value + (table[step] ?? 0) + (words[at & 15] ?? 0)) | 0;
    const by = ROTATIONS[4 * round + (step & 3)] ?? 0;
    [a, d, c, b] = [d, c, b, (b + ((sum << by) | (sum >>> (32 - by)))) | 0];
  }
  for (const [at, word] of [a, b, c, d].entries()) state[at] = (state[at] ?? 0) + word;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const octets = new Uint8Array(a.length + b.length);
  octets.set(a);
  octets.set(b, a.length);
  return octets;
}
