/**
 * The DKIM keys of a deployment: DKIM_DOMAIN, DKIM_SELECTOR and DKIM_PRIVATE_KEY, or the list DKIM_KEYS
 * in place of them. Every problem has the name of its variable, and none has key material.
 */
import type { ConfigProblem } from "./config.ts";
import type { SettingName } from "./env.ts";
import { parseDkimKeys } from "./mail/dkim/key.ts";
import type { DkimKeyOptions } from "./mail/dkim/key.ts";
import { MAKE_A_KEY, pemBlocks } from "./mail/dkim/pem.ts";
import { invalid, valid } from "./result.ts";
import type { Result } from "./result.ts";

type Keys = Result<readonly DkimKeyOptions[], readonly ConfigProblem[]>;

export const DKIM_NAMES: readonly SettingName[] = [
  "DKIM_DOMAIN",
  "DKIM_SELECTOR",
  "DKIM_PRIVATE_KEY",
  "DKIM_KEYS",
];

/** The keys, none where no setting of theirs is given, or all that is wrong with them. */
export function readDkimKeys(settings: ReadonlyMap<SettingName, string>): Keys {
  if (settings.has("DKIM_KEYS")) return keyList(settings.get("DKIM_KEYS") ?? "");
  const isGiven = DKIM_NAMES.some((name) => settings.has(name));
  return isGiven ? keysOfOneDomain(settings) : valid([]);
}

const NOT_JSON =
  'Not JSON. It is a list of keys, as `[{ "domain": "example.com", "selector": "mail", "privateKey": "..." }]`.';

function keyList(text: string): Keys {
  const name = "DKIM_KEYS";
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return invalid([{ name, detail: NOT_JSON }]);
  }
  const keys = parseDkimKeys(list, "");
  if (keys.ok) return keys;
  return invalid(
    keys.problems.map(({ pointer, detail }) => {
      const index = /^\/(\d+)/.exec(pointer)?.[1];
      return { name, detail: index === undefined ? detail : `Key ${Number(index) + 1}: ${detail}` };
    }),
  );
}

/** The variable that stands for an option, and what to say where it is not set. */
const VARIABLES = {
  domain: {
    name: "DKIM_DOMAIN",
    missing: "Missing: the domain that signs, as `example.com`, goes with the other DKIM settings.",
  },
  selector: {
    name: "DKIM_SELECTOR",
    missing:
      "Missing: the name of the key, as `mail` where its public half is at `mail._domainkey.example.com`, goes with the other DKIM settings.",
  },
  privateKey: {
    name: "DKIM_PRIVATE_KEY",
    missing: `Missing: the private key goes with the other DKIM settings. ${MAKE_A_KEY}; set it with \`npx wrangler secret put DKIM_PRIVATE_KEY < dkim.pem\`.`,
  },
} as const satisfies Record<string, { readonly name: SettingName; readonly missing: string }>;

/** One key, or one after the other in DKIM_PRIVATE_KEY with as many names in DKIM_SELECTOR. */
function keysOfOneDomain(settings: ReadonlyMap<SettingName, string>): Keys {
  const domain = settings.get("DKIM_DOMAIN");
  const selectors = (settings.get("DKIM_SELECTOR") ?? "").split(/[\s,]+/).filter(Boolean);
  const privateKeys = pemBlocks(settings.get("DKIM_PRIVATE_KEY") ?? "").filter(Boolean);
  const problems = new Map<string, ConfigProblem>();
  const add = (name: SettingName, detail: string): void => {
    problems.set(`${name} ${detail}`, { name, detail });
  };
  for (const { name, missing } of Object.values(VARIABLES)) {
    if (!settings.has(name)) add(name, missing);
  }
  const count = Math.max(selectors.length, privateKeys.length, 1);
  if (problems.size === 0 && selectors.length !== privateKeys.length) {
    const detail = `Name one selector for each key: there are ${selectors.length}, and DKIM_PRIVATE_KEY holds keys: ${privateKeys.length}.`;
    add("DKIM_SELECTOR", detail);
  }
  const inputs = Array.from({ length: count }, (_, index) => ({
    domain,
    selector: selectors[index],
    privateKey: privateKeys[index],
  }));
  const keys = parseDkimKeys(inputs, "");
  for (const { pointer, detail } of keys.ok ? [] : keys.problems) {
    const [, index = "", option = ""] = pointer.split("/");
    // What is not there was told above, as what is missing or as one too few.
    if (!Object.hasOwn(VARIABLES, option) || detail.startsWith("Missing")) continue;
    const { name } = VARIABLES[option as keyof typeof VARIABLES];
    const which = count > 1 && option !== "domain" ? `Key ${Number(index) + 1}: ` : "";
    add(name, `${which}${inVariables(detail)}`);
  }
  return keys.ok && problems.size === 0 ? keys : invalid([...problems.values()]);
}

/** A sentence about the options of a key, with the variables that stand for them here. */
function inVariables(detail: string): string {
  return Object.entries(VARIABLES).reduce(
    (text, [option, { name }]) => text.replaceAll(`\`${option}\``, `\`${name}\``),
    detail,
  );
}
