/** Line ends (RFC 5322 §2.3: CR and LF occur together or not at all). */

const CR = 0x0d;
const LF = 0x0a;

/** The text with every CRLF, lone CR and lone LF as CRLF, so that nothing can be smuggled. */
export function toCrlf(text: string): string {
  return text.replaceAll(/\r\n|\r|\n/g, "\r\n");
}

/** As {@link toCrlf}, for octets of any charset: the very octets given where nothing had to change. */
export function toCrlfOctets(octets: Uint8Array): Uint8Array {
  const lone = loneOctets(octets);
  if (lone === 0) return octets;
  const lines = new Uint8Array(octets.length + lone);
  let to = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    if (octet !== CR && octet !== LF) {
      lines[to++] = octet;
      continue;
    }
    if (octet === CR && octets[at + 1] === LF) at++;
    lines[to++] = CR;
    lines[to++] = LF;
  }
  return lines;
}

/** As {@link toCrlfOctets}, with a line end behind the last line. */
export function toWholeLines(octets: Uint8Array): Uint8Array {
  const lines = toCrlfOctets(octets);
  if (lines.length === 0 || lines.at(-1) === LF) return lines;
  const whole = new Uint8Array(lines.length + 2);
  whole.set(lines);
  whole.set([CR, LF], lines.length);
  return whole;
}

/**
 * Where the header of a message with CRLF line ends is over: behind the line end of its last field.
 * -1 where no empty line is there.
 */
export function endOfHeader(message: Uint8Array, from = 0): number {
  for (let at = message.indexOf(CR, from); at !== -1; at = message.indexOf(CR, at + 1)) {
    if (message[at + 2] === CR && message[at + 3] === LF) return at + 2;
  }
  return -1;
}

function loneOctets(octets: Uint8Array): number {
  let lone = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at] ?? 0;
    // Nearly every octet is one of these.
    if (octet > CR) continue;
    if (octet === LF) lone++;
    else if (octet === CR) {
      if (octets[at + 1] === LF) at++;
      else lone++;
    }
  }
  return lone;
}
