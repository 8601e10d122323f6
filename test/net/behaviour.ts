/** What the tests that talk and their servers tell each other. Types only, so that workerd can read it. */

export const HOSTILE_STAGES = [
  "greeting",
  "ehlo",
  "starttls",
  "tls",
  "ehlo-tls",
  "auth",
  "mail",
  "rcpt",
  "data",
  "content",
  "final-dot",
  "quit",
] as const;
export type HostileStage = (typeof HOSTILE_STAGES)[number];

/** How a hostile server is hostile. */
export interface Behaviour {
  /** Behaves to the end where absent. */
  readonly at?: HostileStage;
  readonly what?: "eof" | "reset" | "silence" | "drip" | "inject" | "refuse" | "stop-reading";
  readonly certificate?: "good" | "wrong-host" | "expired" | "other-ca";
  /** TLS from the first octet. */
  readonly implicit?: boolean;
  /** Mails per session before the connection is closed without a word. */
  readonly mails?: number;
}

/** What a hostile server read on one connection. */
export interface Received {
  clear: string;
  secure: string;
}

export interface Ports {
  readonly control: number;
  readonly starttls: number;
  readonly tls: number;
  readonly plain: number;
  readonly small: number;
}

/** A mail as the control server tells it. */
export interface Arrived {
  readonly raw: string;
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  readonly session: Readonly<Record<string, string | boolean>>;
}

/** The secret of the webhooks that the control server plays. */
export const HOOK_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/** What such a webhook was sent. */
export interface HookCall {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** As node:crypto computes it. */
  readonly isSigned: boolean;
}

declare module "vitest" {
  interface ProvidedContext {
    readonly ports: Ports;
  }
}
