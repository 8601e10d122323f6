/** Which mechanism is tried, and in which order. */
import { describe, expect, it } from "vitest";

import {
  AUTH_METHODS,
  chooseMechanisms,
  mechanismOf,
  MECHANISMS,
} from "../../../src/smtp/sasl/mechanisms.ts";

const PASSWORD = { username: "ann", password: "secret" };
const TOKEN = { username: "ann", accessToken: "token" };
const EVERY = [
  "LOGIN",
  "CRAM-MD5",
  "PLAIN",
  "XOAUTH2",
  "SCRAM-SHA-1",
  "OAUTHBEARER",
  "SCRAM-SHA-256",
  "SCRAM-SHA-256-PLUS",
  "GSSAPI",
];

describe("of everything a relay can offer", () => {
  it.each([
    ["a password", PASSWORD, ["SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"]],
    ["a token", TOKEN, ["OAUTHBEARER", "XOAUTH2"]],
  ])("%s goes through these, in this order", (_, credentials, names) => {
    expect(chooseMechanisms(EVERY, credentials).map(({ name }) => name)).toEqual(names);
  });
});

describe("the names", () => {
  it("are those of the default order, and CRAM-MD5", () => {
    expect(AUTH_METHODS).toEqual([...MECHANISMS.map(({ name }) => name), "CRAM-MD5"]);
    expect(MECHANISMS.map(({ name }) => name)).not.toContain("CRAM-MD5");
  });

  it.each(AUTH_METHODS)("%s finds its mechanism, in any case of letters", (name) => {
    expect(mechanismOf(name)?.name).toBe(name);
    expect(mechanismOf(name.toLowerCase())?.name).toBe(name);
    const credentials = /OAUTH/.test(name) ? TOKEN : PASSWORD;
    expect(mechanismOf(name)?.create(credentials)?.name).toBe(name);
  });

  it.each(["", "SCRAM-SHA-256-PLUS", "constructor"])("%j finds none", (name) => {
    expect(mechanismOf(name)).toBeUndefined();
  });
});
