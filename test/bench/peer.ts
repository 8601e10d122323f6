/** What every library must be able to do to be measured, each by its own published means. */
import type { Mode, Security } from "./command.ts";
import type { SampleMail } from "./sample.ts";

export interface RelayAddress {
  readonly port: number;
  readonly security: Security;
}

/** Hangs up: QUIT and whatever else the library does. No clock runs. */
export type Leave = () => Promise<void>;

type Send<Mails> = (relay: RelayAddress, mails: Mails) => Promise<Leave>;

export interface Peer {
  /** How it takes an attachment; made before the clock starts. */
  readonly takes: "octets" | "base64";
  /** One mail over a session of its own; resolves at the final reply. */
  readonly cold: Send<SampleMail>;
  /** As `cold`, with what is kept of the runs before; absent where nothing is. */
  readonly known?: Send<SampleMail>;
  /** All over one session, each begun when the one before has its final reply. */
  readonly awaited: Send<Iterable<SampleMail>>;
  /** All over one session, as fast as the library goes. */
  readonly batch: Send<Iterable<SampleMail>>;
}

/** Sends the mails in that mode; resolves at the last final reply. */
export async function sendBy(
  peer: Peer,
  mode: Mode,
  { relay, mails }: { readonly relay: RelayAddress; readonly mails: Iterable<SampleMail> },
): Promise<Leave> {
  if (mode === "awaited" || mode === "batch") return peer[mode](relay, mails);
  const send = peer[mode];
  if (send === undefined) throw new Error("it keeps nothing of a relay");
  const leaves: Leave[] = [];
  for (const mail of mails) leaves.push(await send(relay, mail));
  return async () => void (await Promise.all(leaves.map((leave) => leave())));
}
