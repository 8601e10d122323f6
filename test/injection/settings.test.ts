/**
 * Every setting of a deployment with every hostile value: refused by the name of its variable, and
 * without the value, which may be a secret; or read as the clean one, since space around it is no part.
 */
import { describe, expect, it } from "vitest";

import { readConfig } from "../../src/config.ts";
import type { Env, SettingName } from "../../src/env.ts";
import { HOSTILE } from "./hostile.ts";

const BASE = { SMTP_HOST: "smtp.example.com", SMTP_USERNAME: "ann", SMTP_PASSWORD: "secret" };
/** Taken off at the ends by `trim`. */
const ENDS = ["CRLF before", "CRLF behind"];
const EMPTY = "nothing but spaces";
const MARK = "a byte order mark";
/** What may stand in a list as an entry of its own. */
const LIST = [...ENDS, MARK, EMPTY, "CRLF and a body", "a second mailbox", "a tab", "2 000 words"];
const SECRETS = HOSTILE.map(({ label }) => label).filter((label) => !label.startsWith("NUL"));

interface Setting {
  readonly name: SettingName;
  readonly clean: string;
  readonly takes: readonly string[];
  /** Names beside its own that a problem may have. */
  readonly others?: readonly SettingName[];
}

const SETTINGS: readonly Setting[] = [
  { name: "SMTP_HOST", clean: "smtp.example.com", takes: [...ENDS, MARK] },
  { name: "SMTP_PORT", clean: "587", takes: [...ENDS, MARK, EMPTY] },
  { name: "SMTP_SECURITY", clean: "starttls", takes: [...ENDS, MARK, EMPTY] },
  { name: "SMTP_USERNAME", clean: "ann", takes: SECRETS, others: ["SMTP_PASSWORD"] },
  { name: "SMTP_PASSWORD", clean: "secret", takes: SECRETS },
  { name: "SMTP_EHLO_NAME", clean: "mail.example.com", takes: [...ENDS, MARK, EMPTY] },
  { name: "RELAYS", clean: '["smtps://smtp.example.com"]', takes: [...ENDS, MARK, EMPTY] },
  { name: "DELIVERY", clean: "direct", takes: [...ENDS, MARK, EMPTY] },
  { name: "UNKNOWN", clean: "retry", takes: [...ENDS, MARK, EMPTY] },
  { name: "LOG_LEVEL", clean: "info", takes: [...ENDS, MARK, EMPTY] },
  { name: "ALLOWED_SENDERS", clean: "ann@example.com", takes: LIST },
  { name: "ALLOWED_RECIPIENTS", clean: "example.org", takes: [...LIST, "a second at sign"] },
];

const envOf = (name: string, value: string): Env => ({ ...BASE, [name]: value });

describe.each(SETTINGS)("$name", ({ name, clean, takes, others = [] }) => {
  it("is taken where it is clean", async () => {
    expect(await readConfig(envOf(name, clean))).toMatchObject({ ok: true });
  });

  it.each(HOSTILE.filter(({ label }) => !takes.includes(label)))(
    "is refused by name and not quoted: $label",
    async ({ of }) => {
      const config = await readConfig(envOf(name, of(clean)));
      expect(config.ok).toBe(false);
      for (const problem of config.ok ? [] : config.problems) {
        expect([name, ...others]).toContain(problem.name);
        expect(problem.detail).toMatch(/^[\x20-\x7e]+$/);
        expect(problem.detail).not.toMatch(/eve|evil/);
      }
    },
  );

  it.each(HOSTILE.filter(({ label }) => takes.includes(label)))(
    "is no more than its value: $label",
    async ({ of }) => {
      const value = of(clean).trim();
      const config = await readConfig(envOf(name, of(clean)));
      expect(config).toStrictEqual(await readConfig(envOf(name, value)));
      // Without its password, or the reverse, a user name is refused for another reason.
      if (value !== "") expect(config.ok).toBe(true);
    },
  );
});
