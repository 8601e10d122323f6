/**
 * Values that try to be more than a value: each is made of a clean one, and carries what would end a
 * line, a field, a path, a parameter or a part, were it written as it is.
 */

export interface Hostile {
  readonly label: string;
  readonly of: (clean: string) => string;
}

const hostile = (entries: Readonly<Record<string, Hostile["of"]>>): readonly Hostile[] =>
  Object.entries(entries).map(([label, of]) => ({ label, of }));

/** With characters that no single line may hold. */
export const BREAKS: readonly Hostile[] = hostile({
  "CRLF and a field": (clean) => `${clean}\r\nBcc: eve@example.net`,
  "CRLF and white space": (clean) => `${clean}\r\n (folded)`,
  "CRLF and a body": (clean) => `${clean}\r\n\r\nX`,
  "CRLF, a dot and a command": (clean) => `${clean}\r\n.\r\nMAIL FROM:<eve@example.net>`,
  "CRLF before": (clean) => `\r\n${clean}`,
  "CRLF behind": (clean) => `${clean}\r\n`,
  "LF and a command": (clean) => `${clean}\nRCPT TO:<eve@example.net>`,
  "LF, a dot and LF": (clean) => `${clean}\n.\nRSET\n`,
  "CR and a field": (clean) => `${clean}\rBcc: eve@example.net`,
  "CR, a dot and CR": (clean) => `${clean}\r.\rRSET\r`,
  NUL: (clean) => `${clean.slice(0, 3)}\0${clean.slice(3)}`,
  "NUL and a dot": (clean) => `${clean}\r\n\0.\r\n`,
  "U+0085": (clean) => `${clean}\u0085Bcc: eve@example.net`,
  "U+2028": (clean) => `${clean}\u2028Bcc: eve@example.net`,
  "U+2029": (clean) => `${clean}\u2029Bcc: eve@example.net`,
  "VT and FF": (clean) => `${clean}\v\fBcc: eve@example.net`,
  ESC: (clean) => `${clean}\u001b[2J`,
  DEL: (clean) => `${clean}\u007f`,
});

/** On one line, but with a meaning in some grammar. */
export const MARKS: readonly Hostile[] = hostile({
  "quotes around": (clean) => `"${clean}"`,
  "a quote and a parameter": (clean) => `${clean}"; filename="evil.exe`,
  "an open quote": (clean) => `"${clean}`,
  "a backslash behind": (clean) => `${clean}\\`,
  "a comment behind": (clean) => `${clean} (eve@example.net)`,
  "a comment before": (clean) => `(eve@example.net)${clean}`,
  "an encoded line end": (clean) => `=?UTF-8?Q?${clean}=0D=0ABcc:_eve=40example.net?=`,
  "an encoded-word behind": (clean) => `${clean} =?UTF-8?B?ZXZlQGV4YW1wbGUubmV0?=`,
  "a quoted local part": (clean) => `"${clean}> ORCPT=rfc822;x"@example.com`,
  "an end and a parameter": (clean) => `${clean}> SIZE=1 BODY=8BITMIME`,
  "an end and a mailbox": (clean) => `${clean}>, <eve@example.net>`,
  "a second mailbox": (clean) => `${clean}, eve@example.net`,
  "a group": (clean) => `all: ${clean};`,
  "a route": (clean) => `@example.net:${clean}`,
  "angle brackets around": (clean) => `<${clean}>`,
  "a second at sign": (clean) => `${clean}@example.net`,
  "a semicolon and a parameter": (clean) => `${clean}; boundary="x"`,
  "a space and a word": (clean) => `${clean} NOTIFY=NEVER`,
  "a tab": (clean) => `${clean}\tx`,
  "an asterisk behind": (clean) => `${clean}*`,
  "full-width brackets and at sign": (clean) => `${clean}\uff1e\uff1ceve\uff20example.net`,
  "what becomes CRLF in 8 bits": (clean) => `${clean}\u010d\u010aBcc: eve`,
  "a soft hyphen": (clean) => `${clean.slice(0, 3)}\u00ad${clean.slice(3)}`,
  "a zero-width space": (clean) => `${clean.slice(0, 3)}\u200b${clean.slice(3)}`,
  "a byte order mark": (clean) => `\ufeff${clean}`,
  "text from right to left": (clean) => `${clean}\u202egpj.exe`,
  "half a surrogate pair": (clean) => `${clean}\ud83d`,
  "percent-encoded CRLF": (clean) => `${clean}%0d%0aBcc:%20eve`,
  "escaped CRLF": (clean) => `${clean}\\r\\nBcc: eve`,
  "a path": (clean) => `../../${clean}`,
  "2 000 words": (clean) => `${clean} ${"x ".repeat(2000)}`,
  "a word of 2 000": (clean) => `${clean}${"x".repeat(2000)}`,
  __proto__: () => "__proto__",
  "a boundary": (clean) => `${clean} --x--`,
  "a dot": () => ".",
  "nothing but spaces": () => "   ",
});

export const HOSTILE: readonly Hostile[] = [...BREAKS, ...MARKS];
