/** Octets that stand elsewhere and are read while they are sent. */

/** As many octets as `size` says, every time it is opened; what differs is an error while reading. */
export interface Source {
  readonly size: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** Where objects stand that attachments refer to by key. */
export interface ObjectStore {
  /** The object as it is now, of which no other version is ever read; undefined if there is none. */
  readonly find: (key: string) => Promise<Source | undefined>;
}
