import { describe, expect, it } from "vitest";

import { LIMITS } from "../../src/mail/limits.ts";
import { parseRawMessage } from "../../src/mail/raw-message.ts";

const octetsOf = (text: string) => new TextEncoder().encode(text);
const latin1 = (text: string) => new Uint8Array(Buffer.from(text, "latin1"));

/** The problems of octets, or of a text in UTF-8; none where it is valid. */
function problemsOf(input: string | Uint8Array): readonly string[] {
  const result = parseRawMessage(typeof input === "string" ? octetsOf(input) : input);
  return result.ok ? [] : result.problems;
}

const FROM = "From: ann@example.com\r\n";
const EMPTY_LINE = "An empty line must stand between the header and the body.";
const BAD_NAME = `A field name is printable ASCII without spaces. ${EMPTY_LINE}`;
const BAD_DATE =
  "Invalid Date field. It must be like `Sat, 21 Nov 2026 10:00:00 +0000`, and a real day.";
const BAD_ID =
  "Invalid Message-ID field. It must be like `<left@right>`, without spaces or comments.";
const LONG =
  "The line has 999 octets; at most 998 are allowed. Fold it in the header; encode the part as quoted-printable or base64 in the body.";
const CONTROL = "A control character other than TAB stands in the header.";
const NUL = "NUL may not stand in a message; encode the part as base64.";
const MBOX = 'The message begins with the "From " line of an mbox file; leave it out.';
const BLANK =
  "A line of white space alone stands in the header. Take it out, or make it empty if the header ends here.";
const SPACED = "White space stands between the field name and its colon; take it out.";

describe("a whole message", () => {
  it.each<[string, string | Uint8Array, ...string[]]>([
    ["nothing", "", "Line 1: The header ends without a From field."],
    ["an empty line first", `\r\n${FROM}`, "Line 1: The header ends without a From field."],
    [
      "no From",
      "To: a@example.com\nX: y\n\nFrom: a@example.com",
      "Line 3: The header ends without a From field.",
    ],
    ["an empty From", "From:\r\n\r\n", "Line 1: Invalid From field. It has no mailbox."],
    [
      "a From of a group",
      "From: G: a@example.com;\r\n",
      'Line 1: Invalid From field. A group may not stand here. A name that holds any of `( ) [ ] : ; @ \\ , "` must stand in double quotes, as in `"Doe, John" <john@example.com>`.',
    ],
    ["a bad From", "X: y\r\nFrom: ann\r\n", "Line 2: Invalid From field. It has no `@`."],
    [
      "several authors and no Sender",
      "From: a@example.com, b@example.com\r\n",
      "Line 1: Invalid From field. It has several mailboxes, so a Sender field must name one.",
    ],
    [
      "several senders",
      `${FROM}Sender: a@example.com, b@example.com`,
      "Line 2: Invalid Sender field. It has more than one mailbox.",
    ],
    [
      "no sender in Sender",
      `${FROM}Sender: (x)`,
      "Line 2: Invalid Sender field. It has no mailbox.",
    ],
    [
      "a bad recipient",
      `${FROM}To: a@example.com,\r\n b\r\nCc: c\r\n`,
      "Line 2: Invalid To field. Mailbox 2: It has no `@`.",
      "Line 4: Invalid Cc field. It has no `@`.",
    ],
    ["a bad blind recipient", `${FROM}Bcc: b`, "Line 2: Invalid Bcc field. It has no `@`."],
    ["no colon", `${FROM}Hi there\r\n\r\n`, `Line 2: A header line without a colon. ${EMPTY_LINE}`],
    ["a name of two words", `${FROM}Hi there: you\r\n\r\n`, `Line 2: ${BAD_NAME}`],
    ["a name in UTF-8", `${FROM}Größe: 1\r\n`, `Line 2: ${BAD_NAME}`],
    ["no name", `${FROM}: x\r\n`, "Line 2: A header line has a field name before its colon."],
    ["a space before the colon", `${FROM}Bcc : b@example.com\r\n`, `Line 2: ${SPACED}`],
    ["a tab before the colon", "From\t: a@example.com\r\n", `Line 1: ${SPACED}`],
    ["a space before the colon of From", "From : a@example.com\r\n", `Line 1: ${SPACED}`],
    [
      "white space first",
      ` X: y\r\n${FROM}`,
      "Line 1: The message begins with white space, where its first field should stand.",
    ],
    [
      "a byte order mark",
      `\ufeff${FROM}`,
      "Line 1: The message begins with a byte order mark; leave it out.",
    ],
    ["a blank line in a field", `${FROM}X: y\r\n \t\r\n z\r\n`, `Line 3: ${BLANK}`],
    [
      "a blank line for the empty one",
      `${FROM} \r\nHi\r\n`,
      `Line 2: ${BLANK}`,
      `Line 3: A header line without a colon. ${EMPTY_LINE}`,
    ],
    ["an mbox line", `From ann@example.com Sat Nov 21 10:00:00 2026\r\n${FROM}`, `Line 1: ${MBOX}`],
    ["an mbox line without a colon", `From MAILER-DAEMON\r\n${FROM}`, `Line 1: ${MBOX}`],
    ["an mbox line within", `${FROM}From x: y\r\n`, `Line 2: ${BAD_NAME}`],
    ["a header line of 999", `${FROM}X-A: ${"a".repeat(994)}\r\n`, `Line 2: ${LONG}`],
    ["999 octets of 500 characters", `${FROM}X-A: ${"ü".repeat(497)}\r\n`, `Line 2: ${LONG}`],
    ["a body line of 999", `${FROM}\n\n${"a".repeat(999)}`, `Line 4: ${LONG}`],
    ["NUL in the body", `${FROM}\r\n\r\n\0\0\r\n\0`, `Line 4: ${NUL}`, `Line 5: ${NUL}`],
    ["NUL in the header", `${FROM}X: a\0b`, `Line 2: ${CONTROL}`],
    ["ESC in the header", `${FROM}Subject: \u001b[2J`, `Line 2: ${CONTROL}`],
    ["VT as a line end", `${FROM}X: a\vBcc: b@example.com`, `Line 2: ${CONTROL}`],
    ["DEL in the header", `${FROM}X: \u007f`, `Line 2: ${CONTROL}`],
    ["NEL in the header", `${FROM}X: \u0085`, `Line 2: ${CONTROL}`],
    ["U+2028 in the header", `${FROM}X: y\r\n \u2028`, `Line 3: ${CONTROL}`],
    [
      "Latin-1 in the header",
      latin1(`${FROM}Subject: \xfc\r\n`),
      "Line 2: The header line is not valid UTF-8; write other charsets as encoded-words.",
    ],
    [
      "overlong UTF-8 in the header",
      latin1(`${FROM}X: \xc0\x8d\xc0\x8a\r\n`),
      "Line 2: The header line is not valid UTF-8; write other charsets as encoded-words.",
    ],
    ["a bad Date", `${FROM}Date: tomorrow`, `Line 2: ${BAD_DATE}`],
    ["an empty Date", `${FROM}Date:`, `Line 2: ${BAD_DATE}`],
    ["a day that never was", `${FROM}Date: 30 Feb 2026 10:00:00 +0000`, `Line 2: ${BAD_DATE}`],
    ["a Message-ID with a space", `${FROM}Message-ID: <a b@example.com>`, `Line 2: ${BAD_ID}`],
    ["a Message-ID without brackets", `${FROM}Message-ID: a@example.com`, `Line 2: ${BAD_ID}`],
    ["two identifiers", `${FROM}Message-ID: <a@example.com><b@example.com>`, `Line 2: ${BAD_ID}`],
    ["a Message-ID without an at sign", `${FROM}Message-ID: <a>`, `Line 2: ${BAD_ID}`],
    ["a Message-ID of an at sign", `${FROM}Message-ID: <@>`, `Line 2: ${BAD_ID}`],
    ["a lone bracket for one", `${FROM}Message-ID: <`, `Line 2: ${BAD_ID}`],
    ["a Message-ID and a comment", `${FROM}Message-ID: <a@example.com> (x)`, `Line 2: ${BAD_ID}`],
    [
      "a binary body",
      `${FROM}Content-Transfer-Encoding: (x) Binary`,
      "Line 2: Invalid Content-Transfer-Encoding field. `binary` is not supported; use base64.",
    ],
    [
      "several problems",
      `Date: x\nNo\n\n\0`,
      `Line 1: ${BAD_DATE}`,
      `Line 2: A header line without a colon. ${EMPTY_LINE}`,
      `Line 4: ${NUL}`,
    ],
  ])("is refused: %s", (_, raw, ...expected) => {
    expect(problemsOf(raw)).toEqual(expected);
  });

  it.each([
    ["Date", "Sat, 21 Nov 2026 10:00:00 +0000"],
    ["From", "b@example.com"],
    ["Sender", "b@example.com"],
    ["Reply-To", "b@example.com"],
    ["To", "b@example.com"],
    ["Cc", "b@example.com"],
    ["Bcc", "b@example.com"],
    ["Message-ID", "<b@example.com>"],
    ["Subject", "b"],
    ["In-Reply-To", "<b@example.com>"],
    ["References", "<b@example.com>"],
    ["MIME-Version", "1.0"],
    ["Content-Type", "text/plain"],
    ["Content-Transfer-Encoding", "7bit"],
  ])("is refused with two of %s", (name, value) => {
    const first = name === "From" ? "" : FROM;
    const line = name === "From" ? 1 : 2;
    const once = `${first}${name}: ${value}\r\n`;
    expect(problemsOf(once)).toEqual([]);
    expect(problemsOf(`${once}X: y\r\n${name.toUpperCase()}: ${value}\r\n`)).toEqual([
      `Line ${line + 2}: A second ${name} field; the first is in line ${line}. One is allowed.`,
    ]);
    // The same lines are no fields in the body.
    expect(problemsOf(`${once}\r\n${name}: ${value}\r\n`)).toEqual([]);
  });

  it("has a header of 128 KiB at most", () => {
    const { headerOctets } = LIMITS;
    const lines = "X: 345678901234\r\n".repeat(Math.ceil(headerOctets / 17));
    const fitting = `${FROM}${lines}`.slice(0, headerOctets - 2).concat("\r\n");
    expect(problemsOf(`${fitting}\r\nHi\r\n`)).toEqual([]);
    expect(problemsOf(`X${fitting}\r\nHi\r\n`)).toEqual([
      `Line 1: The header has more than ${headerOctets} octets. ${EMPTY_LINE}`,
    ]);
    expect(problemsOf("a".repeat(headerOctets + 1))).toHaveLength(1);
  });

  it("lists at most 20 problems", () => {
    expect(problemsOf(`${FROM}\n${"\0\n".repeat(1000)}`)).toHaveLength(20);
    expect(problemsOf(`${FROM}${"x\n".repeat(1000)}`)).toHaveLength(20);
  });
});
