/** JOURNAL_DETAIL=none: what is left of a mail names nobody, neither in a column nor in a relay's words. */
import { expect, it } from "vitest";

import { journal, db } from "./store/samples.ts";
import { deliver, HEARD, waiting } from "./waiting.ts";
import { vars } from "./worker-calls.ts";

const discreet = (more = {}) => vars({ ...HEARD, JOURNAL_DETAIL: "none", ...more });

/** All that the journal has of it. */
async function rowsOf(id: string): Promise<string> {
  const mail = await db.prepare("SELECT * FROM mails WHERE id = ?1").bind(id).first();
  return JSON.stringify([mail, await journal.events(id)]);
}

it("forgets whom a mail was owed to once it is settled", async () => {
  const body = await waiting({ to: ["bob@example.org", "later@example.org"] }, { facts: {} });
  await deliver(body, discreet());
  expect(await rowsOf(body.id)).toContain("later@example.org");
  await deliver(body, discreet(), { attempts: 13, queueName: "postrider-dead" });
  const rows = await rowsOf(body.id);
  expect(rows).toContain('"status":"accepted"');
  expect(rows.replace(/<[^>]+@example\.com>/, "")).not.toContain("@");
});

it.each(["unknown@example.org", "later@example.org"])(
  "keeps no word of the relay's that refuses or defers %s",
  async (to) => {
    const body = await waiting({ to }, { facts: {} });
    await deliver(body, discreet({ SUPPRESS_REFUSED: "off" }));
    const rows = await rowsOf(body.id);
    expect(rows).toMatch(/"code":[45]5\d/);
    expect(rows).not.toMatch(/No such user|busy/);
  },
);
