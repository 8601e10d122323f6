/** Octets and text, as the tests of mechanisms write them. */
import { expect } from "vitest";

export function octets(line: string): Uint8Array {
  return new TextEncoder().encode(line);
}

/** What was answered, as text; a mechanism that gave up fails the test with its reason. */
export function text(answer: Uint8Array | { readonly reason: string } | undefined): string {
  expect(answer).toBeInstanceOf(Uint8Array);
  return answer instanceof Uint8Array ? new TextDecoder().decode(answer) : "";
}

/** The reason for giving up; an answer fails the test. */
export function reason(answer: Uint8Array | { readonly reason: string }): string {
  expect(answer).toEqual({ reason: expect.any(String) });
  return "reason" in answer ? answer.reason : "";
}
