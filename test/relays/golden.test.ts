/** What Python's email reads in the golden messages. No relay is needed here, but Python is. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { goldenPath, GOLDENS } from "../mail/goldens.ts";
import { mailOf } from "../mail/mails.ts";
import { asLines, RAW_READING, readingOf } from "../mail/reading.ts";
import type { Reading } from "../mail/reading.ts";
import { hasPython } from "./readers.ts";

/** One for each message. */
function readByPython(messages: readonly Buffer[]): readonly Reading[] {
  const script = fileURLToPath(new URL("read-golden.py", import.meta.url));
  const { status, stdout, stderr } = spawnSync("python3", [script], {
    input: JSON.stringify(messages.map((message) => message.toString("base64"))),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`read-golden.py failed: ${stderr}`);
  // The form that read-golden.py writes.
  return JSON.parse(stdout) as readonly Reading[];
}

/**
 * Python's email reads no UTF-8 in addresses (RFC 6532 §3.2): to it every octet of them is half of a
 * surrogate pair, and a local part beyond ASCII a defect.
 */
const DEFECTS_OF_UTF8 = ["from", "to"].flatMap(() => [
  "NonASCIILocalPartDefect('local-part contains non-ASCII characters)')",
  "UndecodableBytesDefect('Non-ASCII characters found in header token')",
]);

function misread(mailbox: string): string {
  const at = mailbox.lastIndexOf("<");
  const address = Buffer.from(mailbox.slice(at)).toString("latin1");
  return (
    mailbox.slice(0, at) +
    address.replaceAll(/[^ -~]/g, (octet) => String.fromCharCode(0xdc00 + octet.charCodeAt(0)))
  );
}

describe.skipIf(!hasPython)("Python's email", () => {
  const readings = hasPython
    ? readByPython(GOLDENS.map((golden) => readFileSync(goldenPath(golden))))
    : [];

  it.each(GOLDENS.map((golden, at) => ({ ...golden, reading: readings[at] })))(
    "reads the golden message $name as the mail, without a defect",
    ({ name, input, reading }) => {
      const { text, html } = reading ?? {};
      const expected = "raw" in input ? RAW_READING : readingOf(mailOf(input));
      const { from, to } = expected;
      expect({ ...reading, text: asLines(text), html: asLines(html) }).toEqual({
        ...expected,
        defects: [],
        ...(name === "smtputf8" && {
          from: from.map(misread),
          to: to.map(misread),
          defects: DEFECTS_OF_UTF8,
        }),
      });
    },
  );
});
