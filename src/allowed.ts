/** A list of addresses and whole domains: whom a deployment or a token may write as, or to. */
import { parseDomain } from "./mail/domain.ts";
import { addressOf, parseAddress } from "./mail/mailbox.ts";
import { invalid, valid, type Result } from "./result.ts";

export interface Allowed {
  readonly addresses: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
}

/** The list, or a sentence about each entry that is neither an address nor a domain. */
export function parseAllowed(words: readonly string[]): Result<Allowed, readonly string[]> {
  const addresses = new Set<string>();
  const domains = new Set<string>();
  const problems: string[] = [];
  for (const [index, word] of words.entries()) {
    const isAddress = word.indexOf("@") > 0 && !word.startsWith("*@");
    const address = isAddress ? parseAddress(word) : undefined;
    const domain = isAddress ? undefined : parseDomain(word.replace(/^(?:\*?@)/, ""));
    if (address?.ok === true) addresses.add(addressOf(address.value));
    else if (domain?.ok === true) domains.add(domain.value);
    else {
      problems.push(
        `Entry ${index + 1} is neither an address nor a domain, as \`ann@example.com\` or \`example.com\`.`,
      );
    }
  }
  return problems.length === 0 ? valid({ addresses, domains }) : invalid(problems);
}

/** Whether the address, or its domain, is on the list. */
export function allows(allowed: Allowed, address: string): boolean {
  const domain = address.slice(address.lastIndexOf("@") + 1);
  return allowed.addresses.has(address) || allowed.domains.has(domain);
}
