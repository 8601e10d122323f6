/** One AUTH command by itself: what is written, what counts as a yes, a no, or no reply at all (RFC 4954 §4). */
import { describe, expect, it } from "vitest";

import type { Reply } from "../../src/smtp/reply.ts";
import { AuthExchange, type AuthStep } from "../../src/smtp/sasl/exchange.ts";
import type { GiveUp, Mechanism } from "../../src/smtp/sasl/mechanism.ts";
import { encode } from "./transcript.ts";

const OCTETS = encode("hi");

function mechanism(more: Partial<Mechanism> = {}): Mechanism {
  return { name: "X-TEST", start: () => OCTETS, next: () => OCTETS, ...more };
}

function reply(code: number, ...lines: readonly string[]): Reply {
  return { code, lines };
}

/** An exchange that waits for its first reply. */
function begun(more: Partial<Mechanism> = {}): AuthExchange {
  const exchange = new AuthExchange(mechanism(more));
  exchange.answer(OCTETS);
  return exchange;
}

function lineOf(step: AuthStep): string | undefined {
  return step.type === "write" ? step.command.line : undefined;
}

describe("the AUTH command", () => {
  it.each([
    ["has no initial response where the server speaks first", undefined, "AUTH X-TEST"],
    ["carries it in base64", OCTETS, "AUTH X-TEST aGk="],
    ["says = where it is empty", new Uint8Array(0), "AUTH X-TEST ="],
    ["holds what fits a line", new Uint8Array(372), `AUTH X-TEST ${"A".repeat(496)}`],
    ["keeps back what does not", new Uint8Array(373), "AUTH X-TEST"],
  ])("%s", (_, answer, line) => {
    expect(lineOf(new AuthExchange(mechanism()).answer(answer))).toBe(line);
  });

  it("is not written where the mechanism gives up before it", () => {
    const stepFor = (answer: GiveUp) => new AuthExchange(mechanism()).answer(answer);
    const gaveUp = { type: "gave-up", reason: "no token" };
    expect(stepFor({ reason: "no token" })).toStrictEqual({ ...gaveUp, mayPass: false });
    expect(stepFor({ reason: "no token", mayPass: true })).toStrictEqual({
      ...gaveUp,
      mayPass: true,
    });
  });
});

describe("a challenge", () => {
  it.each([
    ["in base64", ["aGk="], OCTETS],
    ["with white space around it", [" aGk= "], OCTETS],
    ["of nothing", [""], new Uint8Array(0)],
    ["without a line", [], new Uint8Array(0)],
  ])("%s goes to the mechanism", (_, lines, challenge) => {
    const exchange = begun();
    expect(exchange.isChallenged).toBe(false);
    expect(exchange.take(reply(334, ...lines))).toStrictEqual({
      type: "ask",
      question: { mechanism: exchange.mechanism, challenge },
    });
    expect(exchange.isChallenged).toBe(true);
  });

  it("is answered in base64, without a verb", () => {
    const exchange = begun();
    exchange.take(reply(334, ""));
    expect(lineOf(exchange.answer(OCTETS))).toBe("aGk=");
    exchange.take(reply(334, ""));
    expect(lineOf(exchange.answer(new Uint8Array(0)))).toBe("");
  });

  it("may come eight times, and not a ninth", () => {
    const exchange = begun();
    for (let challenge = 1; challenge <= 8; challenge += 1) {
      expect(exchange.take(reply(334, "")).type, `challenge ${challenge}`).toBe("ask");
      exchange.answer(OCTETS);
    }
    expect(lineOf(exchange.take(reply(334, "")))).toBe("*");
    expect(exchange.take(reply(501, "Cancelled"))).toStrictEqual({
      type: "gave-up",
      reason: "X-TEST: it never comes to an end",
    });
  });
});

describe("giving up", () => {
  it.each([
    ["for the mechanism's reason", { reason: "a bad signature" }, "a bad signature"],
    ["where it has no answer", undefined, "X-TEST has no answer"],
  ])("is told after *: %s", (_, answer, reason) => {
    const exchange = begun();
    exchange.take(reply(334, ""));
    expect(lineOf(exchange.answer(answer))).toBe("*");
    expect(exchange.take(reply(501, "Cancelled"))).toStrictEqual({ type: "gave-up", reason });
  });

  it("follows at once upon a challenge that is not base64", () => {
    const exchange = begun();
    expect(lineOf(exchange.take(reply(334, "a b")))).toBe("*");
    expect(exchange.take(reply(400, "As you like"))).toStrictEqual({
      type: "gave-up",
      reason: "X-TEST: its challenge is not base64",
    });
  });

  it.each([235, 334, 399])("is not acknowledged by %i", (code) => {
    const exchange = begun();
    exchange.take(reply(334, "!"));
    expect(exchange.take(reply(code, ""))).toStrictEqual({ type: "unexpected" });
  });
});

describe("the verdict", () => {
  it.each([
    [235, "done"],
    [399, "unexpected"],
    [250, "unexpected"],
  ])("%i is %s", (code, type) => {
    expect(begun().take(reply(code, ""))).toStrictEqual({ type });
  });

  it.each([400, 454, 535])("%i is a refusal, told with the reply", (code) => {
    const no = reply(code, "");
    expect(begun().take(no)).toStrictEqual({ type: "refused", reply: no });
  });

  it("235 counts where the server has proved itself, and for nothing where it has yet to", () => {
    expect(begun({ isProven: true }).take(reply(235, ""))).toStrictEqual({ type: "done" });
    expect(begun({ isProven: false }).take(reply(235, ""))).toStrictEqual({
      type: "gave-up",
      reason: "the relay let us in without proving that it knows us",
    });
  });
});
