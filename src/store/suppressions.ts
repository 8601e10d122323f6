/** Addresses that are not to be written to any more. An interface; `d1/` has it over D1. */

export interface Suppression {
  /** As in an envelope: the domain as A-labels, in lower case. */
  readonly address: string;
  /** `refused`: a relay said that there is no such mailbox. `manual`: somebody said so. */
  readonly reason: "refused" | "manual";
  /** What the relay said, or a note. */
  readonly note: string;
  readonly atMs: number;
}

export interface Suppressions {
  /** Those of the addresses that are on the list. */
  among(addresses: readonly string[]): Promise<ReadonlySet<string>>;
  /** The entry of the address, if it is on the list. */
  find(address: string): Promise<Suppression | undefined>;
  /** An address that is there already stays as it is. */
  add(entries: readonly Suppression[]): Promise<void>;
  /** Whether it was there. */
  remove(address: string): Promise<boolean>;
  /** By address, from the one after `after`. */
  list(query: { readonly limit: number; readonly after?: string }): Promise<readonly Suppression[]>;
}
