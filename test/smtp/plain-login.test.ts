/** PLAIN and LOGIN octet by octet, their base64, and credentials that no mechanism can send. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { decodeBase64, encodeBase64 } from "../../src/smtp/sasl/base64.ts";
import { LOGIN } from "../../src/smtp/sasl/login.ts";
import type { Credentials, MechanismFactory } from "../../src/smtp/sasl/mechanism.ts";
import { chooseMechanisms, credentialFault } from "../../src/smtp/sasl/mechanisms.ts";
import { PLAIN } from "../../src/smtp/sasl/plain.ts";
import { encode } from "./transcript.ts";

const ANN: Credentials = { username: "ann", password: "pässword" };
const NOTHING = new Uint8Array(0);

describe("PLAIN (RFC 4616 §2)", () => {
  const response = encode("\0ann\0pässword");

  it("speaks first, and again where an empty challenge asks for it", () => {
    const exchange = PLAIN.create(ANN);
    expect(exchange?.name).toBe("PLAIN");
    expect(exchange?.start()).toStrictEqual(response);
    expect(exchange?.next(NOTHING)).toStrictEqual(response);
  });

  it("gives nothing to a challenge that says something", () => {
    expect(PLAIN.create(ANN)?.next(encode("x"))).toStrictEqual({
      reason: "a challenge to PLAIN must be empty",
    });
  });
});

describe("LOGIN", () => {
  it("answers two prompts, whatever they say, and no third", () => {
    const exchange = LOGIN.create(ANN);
    expect(exchange?.name).toBe("LOGIN");
    expect(exchange?.start()).toBeUndefined();
    expect(exchange?.next(encode("Password:"))).toStrictEqual(encode("ann"));
    expect(exchange?.next(NOTHING)).toStrictEqual(encode("pässword"));
    expect(exchange?.next(encode("Username:"))).toStrictEqual({
      reason: "LOGIN has two prompts, and this is a third",
    });
  });
});

it.each([PLAIN, LOGIN])("$name is not for a token", (mechanism) => {
  expect(mechanism.create({ username: "ann", accessToken: "token" })).toBeUndefined();
});

describe("base64 (RFC 4648 §4)", () => {
  it("is that of Node, and reads back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
        const text = Buffer.from(octets).toString("base64");
        expect(encodeBase64(octets)).toBe(text);
        expect(decodeBase64(text)).toStrictEqual(octets);
      }),
    );
  });

  it.each([
    ["nothing", "", []],
    ["no padding", "+/+/", [251, 255, 191]],
    ["one octet", "/w==", [255]],
    ["two octets", "//8=", [255, 255]],
  ])("takes %s", (_, text, octets) => {
    expect(decodeBase64(text)).toStrictEqual(Uint8Array.from(octets));
    expect(encodeBase64(Uint8Array.from(octets))).toBe(text);
  });

  it.each([
    ["no padding where it is due", "YQ"],
    ["padding alone", "===="],
    ["padding within", "YQ==YQ=="],
    ["padding first", "=YWJ"],
    ["a space", "YW Jj"],
    ["a line end", "YWJj\r\n\r\n"],
    ["the alphabet for URLs", "-_-_"],
    ["five characters", "YWJjZ"],
  ])("refuses %s", (_, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe("credentials", () => {
  const nul = "a NUL in a user name, password or token cannot be sent";
  const rows: readonly (readonly [string, Credentials, string | undefined])[] = [
    ["a password", ANN, undefined],
    ["a token", { username: "ann", accessToken: "token" }, undefined],
    ["a token to fetch", { username: "ann", accessToken: () => "\0" }, undefined],
    ["no user name", { username: "", password: "" }, "the user name is empty"],
    ["no password", { username: "ann", password: "" }, "the password is empty"],
    ["no token", { username: "ann", accessToken: "" }, "the access token is empty"],
    ["NUL in a user name", { username: "a\0b", password: "x" }, nul],
    ["NUL in a password", { username: "ann", password: "a\0b" }, nul],
    ["NUL in a token", { username: "ann", accessToken: "a\0b" }, nul],
    ["NUL in a user name with a token to fetch", { username: "\0", accessToken: () => "" }, nul],
  ];

  it.each(rows)("have a fault or none: %s", (_, credentials, fault) => {
    expect(credentialFault(credentials)).toBe(fault);
  });
});

it("takes what is offered of the caller's mechanisms, in any case of letters, in the caller's order", () => {
  const own: MechanismFactory = {
    name: "x-own",
    create: () => ({ name: "x-own", start: () => undefined, next: () => NOTHING }),
  };
  const chosen = chooseMechanisms(["X-OWN", "LOGIN"], ANN, [LOGIN, PLAIN, own]);
  expect(chosen.map(({ name }) => name)).toStrictEqual(["LOGIN", "x-own"]);
});
