/** Into the journal, before anything else is done with a mail. */
import type { NewMail } from "../store/journal.ts";
import { traced } from "../trace.ts";
import { broken, nameOf, type Dispatched, type Office } from "./order.ts";

/**
 * Writes the mails down; what to say of them where that fails. A database may have written what it did not
 * answer, and such a mail would be sent although its caller was told that it was not: so it is asked
 * again, and then told to give them up.
 */
export async function admitted(
  mails: readonly NewMail[],
  { store, log }: Office,
): Promise<Dispatched | undefined> {
  if (store === undefined || mails.length === 0) return undefined;
  const { journal } = store;
  const admit = async (): Promise<void> => traced("journal", async () => journal.admit(mails));
  try {
    await traced("journal", async () => admit().catch(admit).catch(admit));
    return undefined;
  } catch (error) {
    log("error", "journal.fault", { at: "admit", mails: mails.length, error: nameOf(error) });
    const nowMs = Date.now();
    const giveUp = async (): Promise<unknown> =>
      journal.settle(
        mails.map(({ id, status }) => ({
          id,
          turn: 0,
          attempt: status === "sending" ? 1 : 0,
          status: "failed",
          events: [{ atMs: nowMs, type: "failed", data: { reason: GIVEN_UP } }],
        })),
      );
    const isCertain = await giveUp()
      .catch(giveUp)
      .then(
        () => true,
        () => false,
      );
    return broken("JOURNAL", error, !isCertain);
  }
}

const GIVEN_UP = "The journal did not answer when the mail was taken, and its caller was told so.";
