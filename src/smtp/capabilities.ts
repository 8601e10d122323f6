/**
 * What a relay offers in its reply to EHLO (RFC 5321 §4.1.1.1). The first line names the relay and is
 * never searched for keywords; each further line is one keyword and its parameters.
 */
import type { Reply } from "./reply.ts";

export interface Capabilities {
  /** Keywords in upper case, each with its parameters as the relay wrote them. */
  readonly keywords: ReadonlyMap<string, readonly string[]>;
  /** SASL mechanisms in upper case, in the relay's order. */
  readonly authMechanisms: readonly string[];
  /** The largest message it takes, in octets; undefined where it names none (RFC 1870 §4). */
  readonly maxSizeOctets: number | undefined;
  readonly limits: Limits;
}

/** What a session and a transaction may hold (RFC 9422 §4); undefined where the relay says nothing. */
export interface Limits {
  readonly mailMax: number | undefined;
  readonly rcptMax: number | undefined;
  readonly rcptDomainMax: number | undefined;
}

/** No extension at all: what a relay that only knows HELO offers. */
export const NO_CAPABILITIES: Capabilities = {
  keywords: new Map(),
  authMechanisms: [],
  maxSizeOctets: undefined,
  limits: { mailMax: undefined, rcptMax: undefined, rcptDomainMax: undefined },
};

/** Reads the capabilities of an EHLO reply, without those in `disabled` (relays that lie). */
export function parseCapabilities(reply: Reply, disabled: readonly string[] = []): Capabilities {
  const left = new Set(disabled.map((keyword) => keyword.toUpperCase()));
  const keywords = new Map<string, readonly string[]>();
  const authMechanisms: string[] = [];
  for (const line of reply.lines.slice(1)) {
    const [first = "", ...rest] = line.split(" ").filter((word) => word !== "");
    // Old Exchange and some Postfix set-ups say `AUTH=PLAIN` besides, or instead of, `AUTH PLAIN`.
    const legacy = /^AUTH=(.+)$/i.exec(first)?.[1];
    const keyword = legacy === undefined ? first.toUpperCase() : "AUTH";
    const parameters = legacy === undefined ? rest : [legacy, ...rest];
    if (keyword === "" || left.has(keyword)) continue;
    if (keyword === "AUTH") authMechanisms.push(...parameters.map((name) => name.toUpperCase()));
    keywords.set(keyword, parameters);
  }
  return {
    keywords,
    authMechanisms: [...new Set(authMechanisms)],
    maxSizeOctets: sizeLimit(keywords.get("SIZE")?.[0]),
    limits: limitsOf(keywords.get("LIMITS") ?? []),
  };
}

/** RFC 9422 §3: `NAME=number` each; names that are not known, and nonsense, are passed over. */
function limitsOf(parameters: readonly string[]): Limits {
  const limit = (name: string): number | undefined => {
    for (const parameter of parameters) {
      const digits = /^([A-Za-z0-9-]+)=0*([1-9]\d{0,5})$/.exec(parameter);
      if (digits?.[1]?.toUpperCase() === name) return Number(digits[2]);
    }
    return undefined;
  };
  return {
    mailMax: limit("MAILMAX"),
    rcptMax: limit("RCPTMAX"),
    rcptDomainMax: limit("RCPTDOMAINMAX"),
  };
}

/** RFC 1870 §3: 0 or no number means that no fixed limit is in force; nonsense tells nothing. */
function sizeLimit(parameter: string | undefined): number | undefined {
  if (parameter === undefined || !/^\d{1,15}$/.test(parameter)) return undefined;
  const octets = Number(parameter);
  return octets > 0 ? octets : undefined;
}
