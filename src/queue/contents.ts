/** What a message carries, once what it only refers to has been brought from SPOOL. */
import type { Env } from "../env.ts";
import type { Posting } from "../posting.ts";
import { claimIn, readKept, readQueueBody, type SpooledMail } from "../queued-mail.ts";
import type { Result } from "../result.ts";
import type { Problem } from "../smtp/outcome.ts";
import { readSpooled } from "../store/spool.ts";
import type { Turn } from "../store/journal.ts";

export type Contents =
  /** The mail stands in the journal. */
  | { readonly kind: "turn"; readonly turn: Turn }
  | {
      readonly kind: "mail";
      readonly id: string;
      readonly posting: Posting;
      /** Where it stands, unless it is in the message itself. */
      readonly spooled?: SpooledMail;
    }
  /** It is no mail, and never will be. */
  | { readonly kind: "unreadable"; readonly id: string; readonly problems: readonly Problem[] };

interface Stamp {
  readonly id: string;
  readonly timestamp: Date;
}

/** What the body says. Rejects where SPOOL is not bound or does not answer. */
export async function contentsOf(body: unknown, stamp: Stamp, env: Env): Promise<Contents> {
  const read = readQueueBody(body, stamp);
  switch (read.kind) {
    case "turn":
      return read;
    case "mail":
      return carried(read.id, read.posting);
    case "spooled": {
      const { spooled } = read;
      if (env.SPOOL === undefined) throw new Error("a mail stands in SPOOL, which is not bound");
      const text = await readSpooled(env.SPOOL, spooled.spooled);
      if (text === undefined) return { kind: "unreadable", id: spooled.id, problems: [GONE] };
      return carried(spooled.id, readKept(text, stamp), spooled);
    }
  }
}

/** What the journal has kept of a mail. Rejects as above. */
export async function keptContents(text: string, stamp: Stamp, env: Env): Promise<Contents> {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return contentsOf(body, stamp, env);
}

/** Where the mail stands that the journal has only a claim of. */
export function spooledIn(text: string | undefined): SpooledMail | undefined {
  // A mail is longer, and is not parsed for this.
  if (text === undefined || text.length > MAX_CLAIM_CHARACTERS) return undefined;
  try {
    return claimIn(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const MAX_CLAIM_CHARACTERS = 500;

const GONE: Problem = { pointer: "", detail: "What stood in SPOOL of the mail is gone." };

function carried(
  id: string,
  posting: Result<Posting, readonly Problem[]>,
  spooled?: SpooledMail,
): Contents {
  if (!posting.ok) return { kind: "unreadable", id, problems: posting.problems };
  return {
    kind: "mail",
    id,
    posting: posting.value,
    ...(spooled === undefined ? {} : { spooled }),
  };
}
