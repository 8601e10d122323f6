/**
 * How a relay is named: options or a URL in, a checked `Relay` out. All problems are reported together,
 * with the value that would be right, and never with a credential.
 */
import { optionsOfUrl } from "./relay-url.ts";
import type { Result } from "./result.ts";
import { isEhloName } from "./smtp/command.ts";
import { DEFAULT_WINDOW } from "./smtp/effect.ts";
import type { Problem } from "./smtp/outcome.ts";
import type { Credentials, MechanismFactory, TokenCredentials } from "./smtp/sasl/mechanism.ts";
import { AUTH_METHODS, credentialFault, mechanismOf } from "./smtp/sasl/mechanisms.ts";
import { TIMEOUT_MS, type Timeouts } from "./smtp/timeouts.ts";

export type Security = "starttls" | "tls" | "none";

export interface RelayOptions {
  /** A DNS name: the certificate is checked against it. */
  readonly host: string;
  /** 587 where absent, 465 with security "tls". */
  readonly port?: number;
  /** "starttls" where absent (required, never opportunistic); "tls" on port 465. */
  readonly security?: Security;
  readonly username?: string;
  readonly password?: string;
  /** An OAuth access token in place of a password, or what fetches one. */
  readonly accessToken?: TokenCredentials["accessToken"];
  /** SASL mechanisms in the order to try them, by name or as a factory of the caller's own. */
  readonly authMethods?: readonly (string | MechanismFactory)[];
  /** The name given in EHLO: a domain or an address literal. */
  readonly ehloName?: string;
  /** Milliseconds. */
  readonly timeouts?: Timeouts;
  /** EHLO keywords to ignore, for relays that lie. */
  readonly disableExtensions?: readonly string[];
  /**
   * Mails without a final reply at a time, where the relay offers PIPELINING: so many at most are in doubt
   * when the connection dies. 20 where absent; 1 sends one by one.
   */
  readonly window?: number;
  /** With security "none" only: let credentials travel in the clear. */
  readonly allowInsecureAuth?: boolean;
}

/** Options, or `smtp://user:password@host:587` (STARTTLS) or `smtps://...` (implicit TLS). */
export type RelayInput = RelayOptions | string;

/** A relay that can be dialled. Only `parseRelay` makes one. */
export interface Relay {
  readonly host: string;
  readonly port: number;
  readonly security: Security;
  readonly ehloName: string;
  readonly credentials?: Credentials;
  readonly mechanisms?: readonly MechanismFactory[];
  readonly timeouts: Timeouts;
  readonly disableExtensions: readonly string[];
  readonly window: number;
  readonly allowInsecureAuth: boolean;
}

const KNOWN: ReadonlySet<string> = new Set([
  "host",
  "port",
  "security",
  "username",
  "password",
  "accessToken",
  "authMethods",
  "ehloName",
  "timeouts",
  "disableExtensions",
  "window",
  "allowInsecureAuth",
] satisfies readonly (keyof RelayOptions)[]);

const UNKNOWN_OPTION = `There is an unknown option. Those of a relay are ${[...KNOWN].join(", ")}.`;

/** More than a relay can be owed replies for gains nothing. */
const MAX_WINDOW = 100;

/** What `host:port` names, for outcomes and logs. */
export function labelOf(relay: Relay): string {
  return `${relay.host}:${relay.port}`;
}

/** A relay, or every problem of its options; pointers start with `at`. */
export function parseRelay(input: unknown, at = ""): Result<Relay, readonly Problem[]> {
  const options = typeof input === "string" ? optionsOfUrl(input) : input;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const detail = "A relay is options with a `host`, or a URL as `smtp://user:password@host:587`.";
    return { ok: false, problems: [{ pointer: at, detail }] };
  }
  const reader = new OptionReader(options, at);
  const relay = reader.relay();
  return reader.problems.length === 0
    ? { ok: true, value: relay }
    : { ok: false, problems: reader.problems };
}

class OptionReader {
  readonly problems: Problem[] = [];
  readonly #options: ReadonlyMap<string, unknown>;
  readonly #at: string;

  constructor(options: object, at: string) {
    this.#at = at;
    const entries = Object.entries(options).filter(([, value]) => value !== undefined);
    this.#options = new Map(entries.filter(([, value]) => value !== null));
    for (const name of this.#options.keys()) {
      // The name is in the pointer alone: a setting shows no more than the sentence.
      if (!KNOWN.has(name)) this.#problem(name, UNKNOWN_OPTION);
    }
  }

  relay(): Relay {
    const port = this.#port();
    const security = this.#security(port);
    const credentials = this.#credentials();
    const allowInsecureAuth = this.#flag("allowInsecureAuth");
    const mechanisms = this.#mechanisms();
    if (credentials !== undefined && security === "none" && !allowInsecureAuth) {
      const detail =
        "Credentials are not sent without TLS: use security `starttls` or `tls`, or say `allowInsecureAuth: true`.";
      this.#problem("security", detail);
    }
    return {
      host: this.#host(security),
      port: port ?? (security === "tls" ? 465 : 587),
      security,
      ehloName: this.#ehloName(credentials?.username),
      timeouts: this.#timeouts(),
      disableExtensions: this.#keywords(),
      window: this.#window(),
      allowInsecureAuth,
      ...(credentials === undefined ? {} : { credentials }),
      ...(mechanisms === undefined ? {} : { mechanisms }),
    };
  }

  #window(): number {
    const window = this.#options.get("window") ?? DEFAULT_WINDOW;
    const isRight = typeof window === "number" && Number.isInteger(window);
    if (isRight && window >= 1 && window <= MAX_WINDOW) return window;
    this.#problem("window", `\`window\` must be a whole number from 1 to ${MAX_WINDOW}.`);
    return DEFAULT_WINDOW;
  }

  #host(security: Security): string {
    const host = this.#text("host");
    if (host === undefined) {
      this.#problem("host", "Missing `host`: the relay's name, as `smtp.example.com`.");
      return "";
    }
    const isLiteral = /^\[[0-9A-Fa-f:.]+\]$|^\d[\d.]*$|^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*$/.test(host);
    if (isLiteral && security !== "none") {
      const detail =
        "`host` must be a DNS name: a certificate cannot be checked against an IP address.";
      this.#problem("host", detail);
    } else if (!isLiteral && !isEhloName(host)) {
      const detail =
        "`host` must be a DNS name in ASCII, as `smtp.example.com`, without scheme, port or path.";
      this.#problem("host", detail);
    }
    return host;
  }

  #port(): number | undefined {
    const port = this.#options.get("port");
    if (port === undefined) return undefined;
    if (typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536)
      return port;
    this.#problem(
      "port",
      "`port` must be a number from 1 to 65535: 587 for STARTTLS, 465 for TLS.",
    );
    return undefined;
  }

  #security(port: number | undefined): Security {
    const security = this.#options.get("security");
    if (security === "starttls" && port === 465) {
      // RFC 8314 §3.3: on 465 the relay waits for TLS, and we for its greeting.
      const detail = "Port 465 speaks TLS from the first octet: use security `tls`, or port 587.";
      this.#problem("security", detail);
    }
    if (security === undefined) return port === 465 ? "tls" : "starttls";
    if (security === "starttls" || security === "tls" || security === "none") return security;
    this.#problem("security", "`security` must be `starttls`, `tls` or `none`.");
    return "starttls";
  }

  #credentials(): Credentials | undefined {
    const username = this.#text("username");
    const password = this.#text("password");
    const accessToken = this.#accessToken();
    if (username === undefined && password === undefined && accessToken === undefined) {
      return undefined;
    }
    if (username === undefined) {
      this.#problem("username", "Missing `username`: it goes with a `password` or `accessToken`.");
      return undefined;
    }
    if ((password === undefined) === (accessToken === undefined)) {
      const detail =
        password === undefined
          ? "Missing `password`: give it, or an `accessToken`, with `username`."
          : "`password` and `accessToken` exclude each other: give one of them.";
      this.#problem("password", detail);
      return undefined;
    }
    const credentials: Credentials =
      password === undefined
        ? { username, accessToken: accessToken ?? "" }
        : { username, password };
    const fault = credentialFault(credentials);
    if (fault !== undefined) {
      const name = password === undefined ? "accessToken" : "password";
      const isOfName = username === "" || username.includes("\0");
      this.#problem(isOfName ? "username" : name, `The credentials cannot be used: ${fault}.`);
    }
    return credentials;
  }

  #accessToken(): TokenCredentials["accessToken"] | undefined {
    const value = this.#options.get("accessToken");
    if (typeof value !== "function") return this.#text("accessToken");
    // A function of the caller's: what it returns is checked when it is called.
    return value as Exclude<TokenCredentials["accessToken"], string>;
  }

  #ehloName(username: string | undefined): string {
    const given = this.#text("ehloName");
    if (given !== undefined) {
      if (isEhloName(given)) return given;
      const detail =
        "`ehloName` must be a domain name or an address literal, as `mail.example.com`.";
      this.#problem("ehloName", detail);
    }
    const domain = username?.split("@").at(-1) ?? "";
    // RFC 5321 §4.1.3: without a name of its own a client gives an address literal.
    return username?.includes("@") === true && isEhloName(domain) ? domain : "[127.0.0.1]";
  }

  #mechanisms(): readonly MechanismFactory[] | undefined {
    const value = this.#options.get("authMethods");
    if (value === undefined) return undefined;
    const given: readonly unknown[] = Array.isArray(value) ? value : [];
    const found = given.map((one) =>
      typeof one === "string" ? mechanismOf(one) : isFactory(one) ? one : undefined,
    );
    const mechanisms = found.filter((one) => one !== undefined);
    if (mechanisms.length === given.length && given.length > 0) return mechanisms;
    const names = AUTH_METHODS.join(", ");
    const detail = `\`authMethods\` is a list of ${names}, or of factories with \`name\`, in upper case, and \`create\`.`;
    this.#problem("authMethods", detail);
    return undefined;
  }

  #timeouts(): Timeouts {
    const timeouts = this.#options.get("timeouts");
    if (timeouts === undefined) return {};
    const entries =
      typeof timeouts === "object" && timeouts !== null ? Object.entries(timeouts) : [];
    const isRight = ([name, ms]: [string, unknown]): boolean =>
      Object.hasOwn(TIMEOUT_MS, name) && typeof ms === "number" && ms > 0 && ms <= 3_600_000;
    const given = entries.filter(([, ms]) => ms !== undefined);
    const isObject = typeof timeouts === "object" && timeouts !== null && !Array.isArray(timeouts);
    if (isObject && given.every(isRight)) return Object.fromEntries(given);
    const names = Object.keys(TIMEOUT_MS).join(", ");
    this.#problem("timeouts", `\`timeouts\` takes milliseconds, up to an hour, of ${names}.`);
    return {};
  }

  #text(name: string): string | undefined {
    const value = this.#options.get(name);
    if (value === undefined || value === "") return undefined;
    if (typeof value === "string") return value;
    this.#problem(name, `\`${name}\` must be a string.`);
    return undefined;
  }

  #flag(name: string): boolean {
    const value = this.#options.get(name);
    if (value === undefined || typeof value === "boolean") return value === true;
    this.#problem(name, `\`${name}\` must be true or false.`);
    return false;
  }

  /** RFC 5321 §4.1.1.1: the names of extensions. */
  #keywords(): readonly string[] {
    const keywords = this.#words("disableExtensions") ?? [];
    if (keywords.every((keyword) => /^[A-Za-z0-9-]+$/.test(keyword))) return keywords;
    this.#problem(
      "disableExtensions",
      "`disableExtensions` is a list of EHLO keywords, as `CHUNKING`.",
    );
    return [];
  }

  #words(name: string): readonly string[] | undefined {
    const value = this.#options.get(name);
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
    if (Array.isArray(value) && value.every((word) => typeof word === "string")) return value;
    this.#problem(name, `\`${name}\` must be a list of strings.`);
    return undefined;
  }

  #problem(name: string, detail: string): void {
    this.problems.push({ pointer: `${this.#at}/${name}`, detail });
  }
}

function isFactory(value: unknown): value is MechanismFactory {
  if (typeof value !== "object" || value === null) return false;
  if (!("name" in value) || !("create" in value)) return false;
  const { name, create } = value;
  // RFC 4422 §3.1: the names of mechanisms.
  return (
    typeof create === "function" && typeof name === "string" && /^[A-Z0-9_-]{1,20}$/.test(name)
  );
}
