/**
 * A mail domain: LDH labels or U-labels in, A-labels out (RFC 5321 §4.1.2, RFC 5890 §2.3.1). The
 * mapping is UTS 46 as the URL parser has it; what it yields is checked again, because a mapping may
 * remove characters or turn them into others. Address literals are not domains and are refused.
 */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";
import { hasInvisible } from "./characters.ts";

/** RFC 5321 §4.5.3.1.2. */
const MAX_DOMAIN_OCTETS = 255;
/** RFC 1035 §2.3.4. */
const MAX_LABEL_OCTETS = 63;

/** Returns the domain as lower-case A-labels, or the sentence that says what is wrong with it. */
export function parseDomain(text: string): Result<string, string> {
  if (ORDINARY.test(text)) return valid(text);
  return parseAny(text);
}

/**
 * What nearly every domain is, and for which {@link parseAny} comes to the domain itself: LDH labels of at
 * most 63 in lower case, 253 in all, the last of which starts with a letter and so is no number.
 */
const ORDINARY =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function parseAny(text: string): Result<string, string> {
  if (text === "") return invalid("Nothing stands after the `@`.");
  if (text.startsWith("[")) return invalid("An address literal is not supported as a domain.");
  if (/[^A-Za-z0-9.\-\u0080-\uffff]/.test(text)) {
    return invalid("The domain may hold letters, digits, hyphens and dots only.");
  }
  // UTS 46 drops these without a trace: `exam<U+00AD>ple.com` would pass as `example.com`.
  if (hasInvisible(text)) {
    return invalid("The domain holds an invisible character.");
  }
  const mapped = toALabels(text);
  if (mapped === undefined) return invalid("The domain is not a valid internationalised name.");
  return checkALabels(mapped);
}

function toALabels(text: string): string | undefined {
  if (/^[A-Za-z0-9.-]+$/.test(text)) return text.toLowerCase();
  const target = `http://${text}`;
  if (!URL.canParse(target)) return undefined;
  const url = new URL(target);
  // Anything but a host in the result means that the text was read as more than a host.
  if (url.href !== `http://${url.hostname}/`) return undefined;
  return url.hostname;
}

function checkALabels(domain: string): Result<string, string> {
  if (domain.length > MAX_DOMAIN_OCTETS) {
    return invalid(`The domain is longer than ${MAX_DOMAIN_OCTETS} octets.`);
  }
  const labels = domain.split(".");
  for (const label of labels) {
    if (label === "") return invalid("The domain has an empty label: a dot too many.");
    if (label.length > MAX_LABEL_OCTETS) {
      return invalid(`A label of the domain is longer than ${MAX_LABEL_OCTETS} octets.`);
    }
    if (!/^[a-z0-9-]+$/.test(label) || label.startsWith("-") || label.endsWith("-")) {
      return invalid("A label of the domain is letters, digits and inner hyphens only.");
    }
  }
  // A name that ends in a number is read as an IPv4 address somewhere: `127.1`, `0x7f.1`.
  if (/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "")) {
    return invalid("The domain ends in a number, as an IP address does.");
  }
  return valid(domain);
}
