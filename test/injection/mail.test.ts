/**
 * Every string of a mail with every hostile value: refused with the field named, or harmless. What is
 * harmless is judged on the wire of a relay that does all it is asked, by BDAT and by DATA, in groups and
 * one by one: the commands and header fields of the clean mail, and the value as it was given.
 */
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";

import { Mailer } from "../../src/mailer.ts";
import type { Outcome } from "../../src/smtp/outcome.ts";
import { fieldsOf, lint } from "../mail/lint.ts";
import { CONTENT_FIELDS } from "./content-fields.ts";
import { MAIL_FIELDS, type MailField } from "./fields.ts";
import { HOSTILE } from "./hostile.ts";
import { CooperativeRelay, type Wire } from "./relay.ts";

const MAIL = { from: "Ann <ann@example.com>", to: "bob@example.org", text: "Hi", subject: "Hi" };
const BASICS = ["SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN", "DELIVERBY", "AUTH PLAIN"];
const RELAYS: readonly (readonly string[])[] = [
  BASICS,
  [...BASICS, "PIPELINING"],
  [...BASICS, "CHUNKING"],
  [...BASICS, "PIPELINING", "CHUNKING"],
];

/** Submits the mail as a caller would, to a relay that offers these extensions. */
async function submit(
  field: MailField,
  value: string,
  extensions: readonly string[] = BASICS,
): Promise<{ readonly outcome: Outcome; readonly wire: Wire }> {
  const relay = new CooperativeRelay(extensions);
  const options = { host: "relay.example.net", security: "none" } as const;
  const mailer = new Mailer({ relay: options, connect: relay.connect });
  const outcome = await mailer.submit({ ...MAIL, ...field.put(value) });
  await mailer.close();
  return { outcome, wire: relay };
}

/** The commands, without what differs from mail to mail: numbers, and the name of the envelope. */
function shapeOf({ commands }: Wire): readonly string[] {
  return commands.map((line) =>
    line
      .replace(/ SIZE=\d+/, " SIZE=n")
      .replace(/^BDAT \d+/, "BDAT n")
      .replace(/ENVID=\S+/, "ENVID=x"),
  );
}

function namesOf({ contents: [content] }: Wire): readonly string[] {
  return content === undefined ? [] : fieldsOf(content).map(([name]) => name);
}

/** What a relay may have of a mail, whatever is in it. */
function expectSound(wire: Wire): void {
  const [content] = wire.contents;
  expect(wire.contents).toHaveLength(1);
  if (content === undefined) return;
  expect(lint(content)).toStrictEqual([]);
  // Over all that was written: nothing that some relay may read as a line end or as the end.
  expect(wire.octets).not.toMatch(/\r(?!\n)|(?<!\r)\n|\0/);
  for (const line of wire.commands) expect(line).toMatch(/^[ -~]{1,510}$/);
  const size = wire.commands.map((line) => / SIZE=(\d+)/.exec(line)?.[1]).find(Boolean);
  expect(Number(size)).toBe(content.length);
}

describe.each([...MAIL_FIELDS, ...CONTENT_FIELDS])("$name", (field) => {
  const { clean, pointer, shown, means = (value: string): unknown => value, takes } = field;

  it("is sent where it is clean", async () => {
    for (const extensions of RELAYS) {
      const { outcome, wire } = await submit(field, clean, extensions);
      expect(outcome.status).toBe("accepted");
      expectSound(wire);
      const email = await PostalMime.parse(wire.contents[0] ?? "");
      if (shown !== undefined) expect(shown(email, wire)).toStrictEqual(means(clean));
    }
  });

  it.each(HOSTILE.filter(({ label }) => !takes.includes(label)))(
    "is refused by name, and nothing dialled: $label",
    async ({ of }) => {
      const { outcome, wire } = await submit(field, of(clean));
      expect(outcome.status).toBe("refused");
      const problems = outcome.status === "accepted" ? [] : (outcome.failure.problems ?? []);
      expect(problems.length).toBeGreaterThan(0);
      for (const problem of problems) {
        expect(problem.pointer.startsWith(pointer), problem.pointer).toBe(true);
        expect(problem.detail).toMatch(/^[^\p{Cc}\u2028\u2029]+$/u);
      }
      expect(wire.octets).toBe("");
    },
  );

  const taken = HOSTILE.filter(({ label }) => takes.includes(label));
  it.runIf(taken.length > 0).each(taken)("is harmless: $label", async ({ of }) => {
    const value = of(clean);
    for (const extensions of RELAYS) {
      const { outcome, wire } = await submit(field, value, extensions);
      expect(outcome.status).toBe("accepted");
      expectSound(wire);
      const twin = await submit(field, clean, extensions);
      expect(shapeOf(wire)).toStrictEqual(shapeOf(twin.wire));
      const others = (name: string): boolean => name !== field.header;
      expect(namesOf(wire).filter(others)).toStrictEqual(namesOf(twin.wire).filter(others));
      const email = await PostalMime.parse(wire.contents[0] ?? "");
      if (shown !== undefined) expect(shown(email, wire)).toStrictEqual(means(value));
    }
  });
});

describe("a local part in Unicode", () => {
  // Cut to eight bits, these would be CR, LF, @ and >.
  it.each(["\u010d", "\u010a", "\u0140", "\u013e"])("goes out whole: %j", async (character) => {
    const address = `a${character}b@example.com`;
    const relay = new CooperativeRelay([...BASICS, "PIPELINING"]);
    const options = { host: "relay.example.net", security: "none" } as const;
    const mailer = new Mailer({ relay: options, connect: relay.connect });
    const outcome = await mailer.submit({ ...MAIL, from: address, to: address });
    await mailer.close();
    expect(outcome.status).toBe("accepted");
    expect(relay.commands.slice(1)).toStrictEqual([
      expect.stringMatching(`^MAIL FROM:<${address}> SIZE=\\d+ BODY=8BITMIME SMTPUTF8$`),
      `RCPT TO:<${address}>`,
      "DATA",
      "QUIT",
    ]);
    expect(relay.contents).toHaveLength(1);
  });
});
