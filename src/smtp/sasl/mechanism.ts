/**
 * SASL as SMTP carries it (RFC 4954 §4): what a mechanism is. Octets in and out; base64, `=`, `*` and the
 * order of replies are the exchange's. A mechanism may take its time (a token to fetch, a key to derive),
 * so it is the driver that runs it and the dialogue that says when.
 */

/** One exchange of one mechanism; used once. */
export interface Mechanism {
  readonly name: string;
  /** The initial response, or undefined where the server speaks first. */
  start(): Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** The answer to a challenge, or the reason for giving up: then `*` is sent, and nothing more. */
  next(challenge: Uint8Array): Uint8Array | GiveUp | Promise<Uint8Array | GiveUp>;
  /** One response is all there is to it: commands may follow AUTH in the same group. Absent: false. */
  readonly isOneWay?: boolean;
  /** False while the server has yet to prove itself: a 235 then counts for nothing. Absent: true. */
  readonly isProven?: boolean;
  /** What the server said beside its replies, without secrets: the JSON of an OAuth failure. */
  readonly remark?: string;
  /** Strings that must show nowhere, besides the octets of the answers. */
  readonly secrets?: readonly string[];
  /** A fresh exchange worth trying after a refusal: another token. Absent: none. */
  again?(): Mechanism | undefined;
}

export interface GiveUp {
  /** For a person, free of secrets. */
  readonly reason: string;
  /** It may be otherwise at another time: a token that could not be fetched. Absent: it will not. */
  readonly mayPass?: boolean;
}

/** Never logged, never in an error. */
export type Credentials = PasswordCredentials | TokenCredentials;

export interface PasswordCredentials {
  readonly username: string;
  readonly password: string;
}

export interface TokenCredentials {
  readonly username: string;
  /** An OAuth access token, or what fetches one; `refresh` is true where the last was refused. */
  readonly accessToken:
    | string
    | ((options: { readonly refresh: boolean }) => string | Promise<string>);
}

/** A mechanism by name: one of ours, or a caller's own. */
export interface MechanismFactory {
  /** As the relay lists it, in upper case. */
  readonly name: string;
  /** A fresh exchange, or undefined where these credentials are not for it. */
  create(credentials: Credentials): Mechanism | undefined;
}
