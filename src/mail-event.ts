/**
 * What is told of a mail to those who asked for it (webhooks): the event types of the Resend API that a
 * relay's answer can prove. Never `email.delivered`: a relay that accepts has not delivered.
 */
import type { KeptReply } from "./store/journal.ts";

export const EVENT_TYPES = [
  "email.scheduled",
  "email.sent",
  "email.delivery_delayed",
  "email.bounced",
  "email.failed",
  "email.suppressed",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

export interface MailEvent {
  readonly type: EventType;
  readonly atMs: number;
  /** The mail it is about. */
  readonly mail: EventMail;
  /** The recipients it is about. */
  readonly recipients: readonly string[];
  /** Why, in a sentence, where something went wrong. */
  readonly reason?: string;
  /** The relay's reply, where it gave one. */
  readonly reply?: KeptReply;
}

export interface EventMail {
  readonly id: string;
  readonly messageId: string;
  readonly createdAtMs: number;
  readonly from: string;
  readonly subject: string;
  readonly tags: readonly { readonly name: string; readonly value: string }[];
}
