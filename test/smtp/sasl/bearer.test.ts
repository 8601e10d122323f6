/** OAUTHBEARER (RFC 7628) and XOAUTH2: a token goes out once, comes from a function, and never leaks. */
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";

import { encodeBase64 } from "../../../src/smtp/sasl/base64.ts";
import type { Mechanism, TokenCredentials } from "../../../src/smtp/sasl/mechanism.ts";
import { OAUTHBEARER } from "../../../src/smtp/sasl/oauthbearer.ts";
import { XOAUTH2 } from "../../../src/smtp/sasl/xoauth2.ts";
import { octets, reason, text } from "./octets.ts";

const BOTH = [OAUTHBEARER, XOAUTH2] as const;

type AccessToken = TokenCredentials["accessToken"];

function created(
  factory: (typeof BOTH)[number],
  accessToken: AccessToken,
  username = "user@example.com",
): Mechanism {
  const mechanism = factory.create({ username, accessToken });
  if (mechanism === undefined) throw new Error("no mechanism");
  return mechanism;
}

async function started(factory: (typeof BOTH)[number], token: AccessToken): Promise<Mechanism> {
  const mechanism = created(factory, token);
  await mechanism.start();
  return mechanism;
}

describe("the client's message", () => {
  it("of OAUTHBEARER is that of RFC 7628 §4.1 without host and port", async () => {
    const token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
    const rfc =
      "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB";
    const expected = Buffer.from(rfc, "base64")
      .toString()
      .replace("host=server.example.com\x01port=143\x01", "");
    expect(text(await created(OAUTHBEARER, token).start())).toBe(expected);
    expect(expected).toBe(`n,a=user@example.com,\x01auth=Bearer ${token}\x01\x01`);
  });

  it("of XOAUTH2 is that of Google's documentation", async () => {
    const token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
    const response = await created(XOAUTH2, token, "someuser@example.com").start();
    expect(encodeBase64(response ?? new Uint8Array())).toBe(
      "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==",
    );
  });

  it("escapes the user name in OAUTHBEARER only (RFC 5801 §4)", async () => {
    expect(text(await created(OAUTHBEARER, "t", "a,b=c").start())).toBe(
      "n,a=a=2Cb=3Dc,\x01auth=Bearer t\x01\x01",
    );
    expect(text(await created(XOAUTH2, "t", "a,b=c").start())).toBe(
      "user=a,b=c\x01auth=Bearer t\x01\x01",
    );
  });

  it.each(BOTH)("of $name is said again, once, to an empty challenge", async (factory) => {
    const mechanism = created(factory, "token-1");
    const response = text(await mechanism.start());
    expect(text(await mechanism.next(new Uint8Array()))).toBe(response);
    expect(text(await mechanism.next(new Uint8Array()))).not.toContain("token-1");
  });

  it.each(BOTH)("of $name is for tokens alone", (factory) => {
    expect(factory.create({ username: "ann", password: "secret" })).toBeUndefined();
  });

  it.each(BOTH)(
    "of $name is not sent with a control character in the user name",
    async (factory) => {
      const mechanism = created(factory, "token-1", "ann\x01auth=Bearer other");
      await expect(mechanism.start()).rejects.toThrow(TypeError);
      await expect(mechanism.start()).rejects.toThrow("user name");
    },
  );
});

describe("a token", () => {
  it.each<[string, unknown]>([
    ["nothing", ""],
    ["a control character", "secret-1\x01"],
    ["a line end", "secret-1\n"],
    ["a space", "Bearer secret-1"],
    ["DEL", "secret-1\x7f"],
    ["a letter that is not ASCII", "secret-1é"],
    ["no string", undefined],
    ["an object", { access_token: "secret-1" }],
  ])("with %s is not sent, whether given or fetched", async (_, token) => {
    for (const factory of BOTH) {
      // A caller without types can give this.
      const given = created(factory, token as string);
      const fetched = created(factory, () => Promise.resolve(token as string));
      for (const mechanism of typeof token === "string" ? [given, fetched] : [fetched]) {
        const error: unknown = await Promise.resolve(mechanism.start()).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).toBeInstanceOf(TypeError);
        expect(String(error)).toContain("access token");
        expect(String(error)).not.toContain("secret-1");
        expect(mechanism.again?.()).toBeUndefined();
      }
    }
  });

  it.each(BOTH)("of $name is fetched at the start and not before", async (factory) => {
    const accessToken = vi.fn(() => "token-1");
    const mechanism = created(factory, accessToken);
    expect(accessToken).not.toHaveBeenCalled();
    expect(mechanism.secrets).toEqual([]);
    expect(text(await mechanism.start())).toContain("auth=Bearer token-1\x01\x01");
    expect(accessToken.mock.calls).toEqual([[{ refresh: false }]]);
    expect(mechanism.secrets).toEqual(["token-1"]);
  });

  it.each<[string, () => string | Promise<string>]>([
    ["throws", () => fail()],
    ["rejects", async () => fail()],
  ])("whose function %s leaves no trace of what was thrown", async (_, accessToken) => {
    const mechanism = created(XOAUTH2, accessToken);
    const error: unknown = await Promise.resolve(mechanism.start()).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toContain("could not be fetched");
    expect(error).not.toHaveProperty("cause");
    expect(JSON.stringify([String(error), error instanceof Error && error.stack])).not.toContain(
      "secret-1",
    );
    expect(mechanism.again?.()).toBeUndefined();
  });
});

describe("a failure that comes as a challenge", () => {
  // RFC 7628 §4.3.
  const json =
    '{"status":"invalid_token","scope":"example_scope","openid-configuration":"https://example.com/.well-known/openid-configuration"}';

  it.each([
    ["OAUTHBEARER", OAUTHBEARER, "\x01"],
    ["XOAUTH2", XOAUTH2, ""],
  ])("is answered by %s with its farewell, and kept", async (_, factory, farewell) => {
    const mechanism = await started(factory, "token-1");
    expect(mechanism.remark).toBeUndefined();
    expect(text(await mechanism.next(octets(json)))).toBe(farewell);
    expect(mechanism.remark).toBe(json);
  });

  it.each(BOTH)("is the last challenge of $name", async (factory) => {
    const mechanism = await started(factory, () => "token-1");
    await mechanism.next(octets(json));
    const why = reason(await mechanism.next(octets(json)));
    expect(why).toContain("none is due");
    expect(why).not.toContain("token-1");
    expect(mechanism.again?.()).toBeUndefined();
  });

  it.each<[string, string | Uint8Array, string | undefined]>([
    ["nothing to see", "\r\n\0", undefined],
    ["text", "no such token", "no such token"],
    ["line ends", "a\r\nb", "a  b"],
    ["controls within JSON", '{"status":"\\u0007\\u0000"}', '{"status":"\\u0007\\u0000"}'],
    ["overrides of direction", "a\u202eb\u2028c", "a b c"],
    ["what is no UTF-8", Uint8Array.of(0x61, 0xff), "a\ufffd"],
    ["a text of any length", "x y ".repeat(1000), "x y ".repeat(75).trim()],
    ["half a character at the limit", `${"x".repeat(299)}🙂`, "x".repeat(299)],
    ["a token", "it was token-1!", "it was ***!"],
    ["a token in escapes", '{"a":"tok\\u0065n-1"}', '{"a":"***"}'],
    ["a token in base64", `it was ${btoa("token-1")}`, "it was ***"],
    ["a token after one octet", `it was ${btoa("xtoken-1y")}`, "it was e***F5"],
  ])("is fit to be read with %s", async (_, challenge, remark) => {
    const mechanism = await started(XOAUTH2, "token-1");
    await mechanism.next(typeof challenge === "string" ? octets(challenge) : challenge);
    expect(mechanism.remark).toBe(remark);
  });
});

describe("another try", () => {
  it.each<[string, string | undefined]>([
    ["no challenge", undefined],
    ["401", '{"status":"401","schemes":"bearer mac","scope":"https://mail.google.com/"}'],
    ["400", '{"status":"400"}'],
    ["401 as a number", '{"status":401}'],
    ["invalid_token", '{"status":"invalid_token"}'],
  ])("after %s fetches a new token, once", async (_, challenge) => {
    for (const factory of BOTH) {
      const accessToken = vi.fn(({ refresh }: { refresh: boolean }) => (refresh ? "new" : "old"));
      const mechanism = await started(factory, accessToken);
      if (challenge !== undefined) await mechanism.next(octets(challenge));
      const second = mechanism.again?.();
      expect(second?.name).toBe(factory.name);
      expect(accessToken).toHaveBeenCalledTimes(1);
      expect(text(await second?.start())).toContain("auth=Bearer new\x01\x01");
      expect(accessToken.mock.calls).toEqual([[{ refresh: false }], [{ refresh: true }]]);
      expect(second?.again?.()).toBeUndefined();
      expect(mechanism.again?.()).toBeUndefined();
    }
  });

  it.each([
    ["insufficient_scope", '{"status":"insufficient_scope"}'],
    ["invalid_request", '{"status":"invalid_request"}'],
    ["403", '{"status":"403"}'],
    ["no status", '{"scope":"mail"}'],
    ["a list", '["401"]'],
    ["null", "null"],
    ["text", "401"],
    ["text that is no JSON", "invalid_token"],
  ])("is not worth it after %s", async (_, challenge) => {
    for (const factory of BOTH) {
      const mechanism = await started(factory, () => "token-1");
      await mechanism.next(octets(challenge));
      expect(mechanism.again?.()).toBeUndefined();
    }
  });

  it.each(BOTH)(
    "is not there for a token that is a string, or before the first ($name)",
    async (factory) => {
      expect((await started(factory, "token-1")).again?.()).toBeUndefined();
      expect(created(factory, () => "token-1").again?.()).toBeUndefined();
    },
  );
});

describe("an echo", () => {
  const alphabet = Array.from(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/",
  );
  const tokens = fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength: 120 });

  it("of a token, whole or in part, is in no remark", async () => {
    const echoes = fc.constantFrom(
      (token: string) => token,
      (token: string) => token.slice(0, -1),
      (token: string) => token.slice(1),
      (token: string) => JSON.stringify({ status: "401", token }),
      (token: string) => JSON.stringify({ [token]: [token, token] }),
      (token: string) => `${token}${token}`,
    );
    const property = fc.asyncProperty(
      tokens,
      echoes,
      fc.string({ maxLength: 320 }),
      fc.string(),
      async (token, echo, before, after) => {
        const mechanism = await started(XOAUTH2, token);
        await mechanism.next(octets(`.${before}${echo(token)}${after}`));
        const remark = mechanism.remark ?? "";
        expect(remark).not.toContain(token);
        for (let at = 0; at + 8 <= token.length; at += 1) {
          expect(remark).not.toContain(token.slice(at, at + 8));
        }
      },
    );
    await fc.assert(property, { numRuns: 300 });
  });

  it("of the message in base64, at any alignment, gives none of the token back", async () => {
    const property = fc.asyncProperty(
      tokens.filter((token) => token.length >= 12),
      fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 20 }),
      async (token, before) => {
        const mechanism = await started(OAUTHBEARER, token);
        await mechanism.next(octets(btoa(`${before}${token}\x01\x01`)));
        // Whatever eight characters stay can decode to six octets at most.
        const remark = mechanism.remark ?? "";
        for (const piece of remark.split("***")) {
          for (const skipped of [0, 1, 2, 3]) {
            const decoded = Buffer.from(piece.slice(skipped), "base64").toString("latin1");
            for (let at = 0; at + 7 <= token.length; at += 1) {
              expect(decoded).not.toContain(token.slice(at, at + 7));
            }
          }
        }
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });
});

function fail(): never {
  throw new Error("invalid_grant for secret-1", { cause: new Error("secret-1") });
}
