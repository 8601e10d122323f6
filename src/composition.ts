/** A mail made ready for relays: its content brought in, composed, and signed if there is a key. */
import { compose, type Composed } from "./mail/compose.ts";
import { importDkimKey, type DkimKeyOptions } from "./mail/dkim/key.ts";
import { keysFor } from "./mail/dkim/signature.ts";
import { signed } from "./mail/dkim/signed.ts";
import { isLoaded, loadMail } from "./mail/load-mail.ts";
import type { Mail, ParsedMail } from "./mail/mail.ts";
import type { ObjectStore } from "./mail/source.ts";
import { invalid, valid, type Result } from "./result.ts";
import type { Failure, Problem } from "./smtp/outcome.ts";

export interface CompositionOptions {
  /** Where attachments stand that are given by key. */
  readonly store?: ObjectStore;
  /** Empty or absent: nothing is signed. */
  readonly dkim?: readonly DkimKeyOptions[];
}

/**
 * The envelope and content of the mail, or why there is none: an object that is missing (validation), no
 * DKIM key for the domain of From (config), a stream or store that fails (connection; it may pass).
 */
export async function composition(
  mail: ParsedMail,
  { store, dkim = [] }: CompositionOptions,
): Promise<Result<Composed, Failure>> {
  // Most mails are, and a wait for nothing costs turns.
  const loaded = isLoaded(mail) ? valid(mail) : await loadMail(mail, store).catch(unreadable);
  if (!loaded.ok) {
    const { problems } = loaded;
    return invalid("cause" in problems ? problems : invalidMailFailure(problems));
  }
  let composed: Composed;
  try {
    composed = compose(loaded.value);
  } catch (error) {
    // A fault of ours: no retry mends it, but a later version may.
    const reason = error instanceof Error ? error.message : "no reason is known";
    return invalid(configFailure(`a fault in Postrider: ${reason}`));
  }
  if (dkim.length === 0) return valid(composed);
  return sign(loaded.value, composed, dkim).catch(unreadable);
}

/**
 * Why the mail could not be composed, as far as can be told without reading what is stored: for whoever
 * takes a mail that is to be sent later.
 */
export async function compositionFault(
  mail: ParsedMail,
  { store, dkim = [] }: CompositionOptions,
): Promise<Failure | undefined> {
  const loaded = await loadMail(mail, store).catch(unreadable);
  if (!loaded.ok) {
    const { problems } = loaded;
    return "cause" in problems ? problems : invalidMailFailure(problems);
  }
  return dkim.length > 0 && keysFor(dkim, mail.from.domain).length === 0
    ? noKeyFailure(mail.from.domain)
    : undefined;
}

/** A stream or store that fails, which may pass: nothing was sent. */
function unreadable(error: unknown): Result<never, Failure> {
  const reason = error instanceof Error ? error.message : "no reason is known";
  const message = `the content of the mail could not be read: ${reason.slice(0, 200)}`;
  return invalid({ cause: "connection", stage: "compose", message, transcript: [] });
}

/** The failure of a mail that is not valid. */
export function invalidMailFailure(problems: readonly Problem[]): Failure {
  const details = problems.map(({ detail }) => detail).join(" ");
  return {
    cause: "validation",
    stage: "compose",
    message: `The mail is not valid. ${details}`,
    problems,
    transcript: [],
  };
}

async function sign(
  mail: Mail,
  composed: Composed,
  dkim: readonly DkimKeyOptions[],
): Promise<Result<Composed, Failure>> {
  const options = keysFor(dkim, mail.from.domain);
  // Unsigned it would be taken for forged where DMARC asks for a signature, and nobody would be told.
  if (options.length === 0) return invalid(noKeyFailure(mail.from.domain));
  let keys: Awaited<ReturnType<typeof importDkimKey>>[];
  try {
    keys = await Promise.all(options.map(importDkimKey));
  } catch (error) {
    return invalid(
      configFailure(error instanceof Error ? error.message : "a DKIM key is not usable"),
    );
  }
  return valid(await signed(composed, keys, { signedAt: new Date() }));
}

function noKeyFailure(domain: string): Failure {
  return configFailure(`there is no DKIM key for ${domain}`);
}

function configFailure(message: string): Failure {
  return { cause: "config", stage: "compose", message, transcript: [] };
}
