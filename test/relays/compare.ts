/** Comparisons of messages as octets, with failures that a person can read, and what leads up to them. */
import { expect } from "vitest";

import { composeWhole, mailOf } from "../mail/mails.ts";

const AROUND = 60;

/** The octets of a message that must be there. */
export function octets(message: Buffer | undefined): Buffer {
  if (message === undefined) throw new Error("there is no message");
  return message;
}

/** Expects two messages to be there and the same; shows the first difference, not megabytes. */
export function expectSame(message: Buffer | undefined, other: Buffer | undefined): void {
  const [one, two] = [octets(message).toString("latin1"), octets(other).toString("latin1")];
  if (one === two) return;
  let at = 0;
  while (one[at] === two[at]) at += 1;
  const excerpt = (text: string): string => text.slice(Math.max(0, at - AROUND), at + AROUND);
  expect({ length: one.length, at, excerpt: excerpt(one) }).toStrictEqual({
    length: two.length,
    at,
    excerpt: excerpt(two),
  });
}

/** What comes, in a list. */
export async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** What the mail is composed to, by itself. */
export function composed(mail: object): Buffer {
  return Buffer.from(composeWhole(mailOf(mail)).content);
}

/** The message with its random boundaries numbered, the only thing that differs from time to time. */
export function neutral(message: Buffer | undefined): Buffer {
  let text = octets(message).toString("latin1");
  const boundaries = [...text.matchAll(/\bboundary="?([^\s";]+)/g)].map(([, token = ""]) => token);
  for (const [at, token] of [...new Set(boundaries)].entries()) {
    text = text.replaceAll(token, `boundary ${at}`);
  }
  return Buffer.from(text, "latin1");
}
