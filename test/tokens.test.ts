/** API_TOKENS: words, and the JSON list that names tokens and restricts them. */
import { describe, expect, it } from "vitest";

import { parseTokens } from "../src/tokens.ts";

const ONE = "token-0123456789abcdef";
const TWO = "other-fedcba9876543210";
const BOTH = new Set(["send", "read"]);

function problemsOf(text: string): string {
  const parsed = parseTokens(text);
  if (parsed.ok) throw new Error("there should be problems");
  return parsed.problems.join("\n");
}

function list(...items: readonly unknown[]): string {
  return JSON.stringify(items);
}

describe("words", () => {
  it.each([
    ["one", ONE, [ONE]],
    ["several, by commas, spaces and lines", ` ${ONE},,\n${TWO} `, [ONE, TWO]],
    ["one twice, as a deployment may have it", `${ONE},${ONE}`, [ONE, ONE]],
  ])("are tokens that may do everything: %s", (_, text, secrets) => {
    expect(parseTokens(text)).toStrictEqual({
      ok: true,
      value: secrets.map((secret) => ({ secret, rights: BOTH })),
    });
  });

  it.each(["", " ", ",", "\n,\n"])("are wanted: %j", (text) => {
    expect(problemsOf(text)).toMatch(/^Missing: nobody may send.*openssl rand -hex 32/);
  });

  it("are long enough not to be guessed, and are not quoted", () => {
    expect(problemsOf("short-7391")).toMatch(/at least 16 characters/);
    expect(problemsOf(`${ONE},short-7391`)).not.toContain("7391");
  });
});

describe("what is neither words nor the list", () => {
  const object = { name: "a", token: ONE, senders: ["example.com"], rights: ["read"] };

  it.each([
    ["a JSON object", JSON.stringify(object)],
    ["an object of names and tokens", JSON.stringify({ shop: ONE, news: TWO })],
    ["an object in several lines", `\n ${JSON.stringify(object, null, 2)}`],
    ["the list as a JSON text", JSON.stringify(list(object))],
    ["the list in single quotes", `'${list(object)}'`],
    ["the list in backquotes", `\`${list(object)}\``],
    ["words in quotes", `"${ONE},${TWO}"`],
  ])("is refused: %s", (_, text) => {
    expect(problemsOf(text)).toMatch(/^It begins like a quoted text or a JSON object/);
    expect(problemsOf(text)).not.toContain(ONE);
  });

  it.each([
    ["a list with its name before it", `API_TOKENS=${list(object)}`],
    ["names before tokens", `shop:${ONE},news:${TWO}`],
    ["a quote", `${ONE},"${TWO}"`],
    ["an equals sign that is not at the end", `shop=${ONE}`],
    ["a letter that is not ASCII", `${ONE}\u00e9`],
    ["a control character", `${ONE}\u0000`],
  ])("is refused for what no token holds: %s", (_, text) => {
    expect(problemsOf(text)).toContain("A token is letters, digits");
    expect(problemsOf(text)).not.toContain(ONE);
  });

  it.each([
    "0123456789abcdefABCDEF",
    "bGV0dGVycyBhbmQgZGlnaXRz+/==",
    "re_7391-x.~aaaaaaaaaaa",
    "91a9e49e-cd30-4ea5-9f35-5b3a6d4e5f09",
  ])("is no reason to refuse %s", (token) => {
    expect(parseTokens(token)).toMatchObject({ ok: true, value: [{ secret: token }] });
    expect(parseTokens(list({ name: "a", token }))).toMatchObject({ ok: true });
  });
});

describe("the list", () => {
  it("names tokens, and restricts them to rights and senders", () => {
    const text = list(
      { name: "all", token: ONE },
      { name: "shop_1.a-b", token: TWO, rights: ["read"], senders: ["example.com", "a@b.example"] },
    );
    expect(parseTokens(`\n ${text}`)).toStrictEqual({
      ok: true,
      value: [
        { name: "all", secret: ONE, rights: BOTH },
        {
          name: "shop_1.a-b",
          secret: TWO,
          rights: new Set(["read"]),
          senders: { addresses: new Set(["a@b.example"]), domains: new Set(["example.com"]) },
        },
      ],
    });
  });

  it.each([
    ["one right as a text", { rights: "send" }, { rights: new Set(["send"]) }],
    ["the same right twice", { rights: ["send", "send"] }, { rights: new Set(["send"]) }],
    ["null for what is absent", { rights: null, senders: null }, { rights: BOTH }],
    [
      "one sender as a text",
      { senders: "*@EXAMPLE.com" },
      { senders: { addresses: new Set(), domains: new Set(["example.com"]) } },
    ],
  ])("takes %s", (_, more, expected) => {
    const parsed = parseTokens(list({ name: "a", token: ONE, ...more }));
    expect(parsed).toMatchObject({ ok: true, value: [{ name: "a", secret: ONE, ...expected }] });
  });

  it.each([
    ["no rights at all", { rights: [] }, "`rights`"],
    ["no senders at all", { senders: [] }, "`senders`"],
    ["an empty sender", { senders: "" }, "`senders`"],
    ["an unknown right", { rights: ["send", "admin"] }, "`rights` are `send` and `read`"],
    ["a right of another case", { rights: ["Send"] }, "`rights` are"],
    ["a sender that is none", { senders: ["a b"] }, "senders: Entry 1"],
    ["a sender that is no text", { senders: [1] }, "must be a string"],
    ["a sender that is a list", { senders: [["example.com"]] }, "must be a string"],
    ["another field", { sender: "example.com" }, "unknown field. The fields are `name`"],
    ["a name that is none", { name: "a b" }, "`name`"],
    ["a long name", { name: "x".repeat(65) }, "`name`"],
    ["a name that is no text", { name: 1 }, "`name`"],
    ["the name of the queue's mails", { name: "queue" }, "`queue` is taken"],
    ["the name of those by RPC", { name: "rpc" }, "`rpc` is taken"],
    ["no token", { token: undefined }, "`token` is missing"],
    ["a token that is no text", { token: 1 }, "token"],
  ])("refuses %s, and says which token", (_, more, detail) => {
    const text = list({ name: "first", token: TWO }, { name: "a", token: ONE, ...more });
    expect(problemsOf(text)).toContain("Token 2: ");
    expect(problemsOf(text)).toContain(detail);
    expect(problemsOf(text)).not.toContain(ONE);
  });

  it.each([
    ["is empty", "[]", "Missing"],
    ["is no JSON", `[${ONE}`, "no JSON list"],
    ["holds a text", list(ONE), "must be an object"],
    ["holds null", "[null]", "must be an object"],
    ["holds __proto__", `[{"__proto__":{"name":"a"},"token":"${ONE}"}]`, "an unknown field"],
    ["has too many", list(...Array.from({ length: 1001 }, () => ({}))), "at most 1000"],
    ["has a name twice", list({ name: "a", token: ONE }, { name: "a", token: TWO }), "same `name`"],
    ["has a token twice", list({ name: "a", token: ONE }, { name: "b", token: ONE }), "twice"],
    ["has a short token", list({ name: "a", token: "short-7391" }), "at least 16"],
    ["has a token with a space", list({ name: "a", token: `${ONE} ${TWO}` }), "A token is letters"],
    ["has an empty token", list({ name: "a", token: "" }), "at least 16"],
  ])("is refused where it %s", (_, text, detail) => {
    expect(problemsOf(text)).toContain(detail);
    expect(problemsOf(text)).not.toContain("7391");
  });
});
