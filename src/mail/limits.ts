/**
 * How much a mail may hold: the limits that are a choice of ours. What an RFC fixes stands beside the
 * grammar that it belongs to. Lengths are in UTF-16 code units, sizes in octets.
 */
export const LIMITS = {
  /** RFC 5321 §4.5.3.1.8 has every server take 100; few take more than this in one transaction. */
  recipients: 1_000,
  /** More than any mail that is read by people; each costs a part and its header. */
  attachments: 100,
  /** 128 KiB: room for all recipients in To; Postfix cuts off what a field has over 100,000 octets. */
  headerOctets: 131_072,
  /** 40 MiB: the limit of the Resend API and far above that of most relays, after base64. */
  contentOctets: 41_943_040,
  /** Twice a line of 998; longer subjects are cut or refused by those who show them. */
  subjectLength: 2_000,
  /** A long thread; RFC 5322 §3.6.4 sets none, and others trim it. */
  references: 250,
  /** With its brackets and the name of the field it fits a line of 998 (RFC 5322 §2.1.1). */
  unsubscribeUriLength: 900,
  /** A year: longer than any relay holds or retries. */
  requestSeconds: 31_622_400,
  /** A mail with more has no need of a longer list. */
  problems: 100,
  /** Members of an object, absent ones counted: five times what a mail has, and headers beside. */
  members: 250,
  /** 1 MiB: octets as members of an object, `{"0":104}`, take some 70 times their size to be read. */
  octetMembers: 1_048_576,
} as const;
