/** How to be taken off a list: what is taken, in which form, and what is refused. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { listUnsubscribeFields, readListUnsubscribe } from "../../src/mail/list-unsubscribe.ts";
import type { Problem } from "../../src/smtp/outcome.ts";
import { address } from "./mails.ts";

function read(value: unknown) {
  const problems: Problem[] = [];
  const field = { name: "listUnsubscribe", pointer: "/listUnsubscribe", value };
  const list = readListUnsubscribe(field, problems);
  return { list, problems };
}

const HOST = "https://example.com/";
const URL_OF_900 = HOST + "a".repeat(900 - HOST.length);

describe("listUnsubscribe", () => {
  it.each([
    ["a URL", { url: `${HOST}u?t=1` }, { url: `${HOST}u?t=1`, oneClick: true }],
    ["a URL that asks first", { url: HOST, oneClick: false }, { url: HOST, oneClick: false }],
    ["the alias", { url: HOST, one_click: false }, { url: HOST, oneClick: false }],
    [
      "both spellings",
      { url: HOST, oneClick: true, one_click: true },
      { url: HOST, oneClick: true },
    ],
    ["null and empty", { url: HOST, mailto: "", oneClick: null }, { url: HOST, oneClick: true }],
    ["a URL in capitals", { url: "HTTPS://EXAMPLE.COM" }, { url: HOST, oneClick: true }],
    [
      "a URL in Unicode",
      { url: "https://bücher.example/ä?ö=ü" },
      { url: "https://xn--bcher-kva.example/%C3%A4?%C3%B6=%C3%BC", oneClick: true },
    ],
    ["a comma, encoded", { url: `${HOST}?a=1%2C2` }, { url: `${HOST}?a=1%2C2`, oneClick: true }],
    ["brackets, encoded", { url: `${HOST}%3Ca%3E` }, { url: `${HOST}%3Ca%3E`, oneClick: true }],
    ["a list in a query", { url: `${HOST}?a[]=1` }, { url: `${HOST}?a[]=1`, oneClick: true }],
    ["=?, encoded", { url: `${HOST}?a=%3F` }, { url: `${HOST}?a=%3F`, oneClick: true }],
    ["900 characters", { url: URL_OF_900 }, { url: URL_OF_900, oneClick: true }],
    [
      "a port",
      { url: "https://example.com:8443/" },
      { url: "https://example.com:8443/", oneClick: true },
    ],
    [
      "a fragment, shown",
      { url: `${HOST}#a`, oneClick: false },
      { url: `${HOST}#a`, oneClick: false },
    ],
    [
      "an address",
      { mailto: "off@example.com" },
      { mailto: "mailto:off@example.com", oneClick: false },
    ],
    [
      "an address with a plus",
      { mailto: "off+1=2/3%4&5?6#7@example.com" },
      { mailto: "mailto:off+1%3D2%2F3%254%265%3F6%237@example.com", oneClick: false },
    ],
    [
      "an address in Unicode",
      { mailto: "ä@bücher.example" },
      { mailto: "mailto:%C3%A4@xn--bcher-kva.example", oneClick: false },
    ],
    [
      "a mailto with fields",
      { mailto: "MAILTO:off%2B1@Example.com?Subject=Off%20it!&body=a%0D%0Ab" },
      { mailto: "mailto:off+1@example.com?Subject=Off%20it!&body=a%0D%0Ab", oneClick: false },
    ],
    [
      "a mailto with ? alone",
      { mailto: "mailto:a@b.example?" },
      { mailto: "mailto:a@b.example", oneClick: false },
    ],
    [
      "both",
      { url: HOST, mailto: "off@example.com" },
      { url: HOST, mailto: "mailto:off@example.com", oneClick: true },
    ],
  ])("takes %s, and its own form again", (_, value, expected) => {
    expect(read(value)).toStrictEqual({ list: expected, problems: [] });
    expect(read(JSON.parse(JSON.stringify(expected)))).toStrictEqual({
      list: expected,
      problems: [],
    });
  });

  it.each([
    ["a string", HOST, "", "must be an object"],
    ["a list", [HOST], "", "must be an object"],
    ["nothing", {}, "", "needs a `url`"],
    ["empty strings", { url: "", mailto: "" }, "", "needs a `url`"],
    ["one click alone", { oneClick: true }, "", "needs a `url`"],
    [
      "one click without a URL",
      { mailto: "a@b.example", one_click: true },
      "/one_click",
      "One click",
    ],
    ["one click as text", { url: HOST, oneClick: "yes" }, "/oneClick", "true or false"],
    [
      "two spellings that differ",
      { url: HOST, oneClick: true, one_click: false },
      "/one_click",
      "same field",
    ],
    ["an unknown field", { url: HOST, post: true }, "/post", "Unknown field"],
    ["a URL that is a number", { url: 1 }, "/url", "must be a string"],
    ["half a surrogate pair", { url: `${HOST}\ud800` }, "/url", "surrogate"],
    ["http", { url: "http://example.com/" }, "/url", "https://"],
    ["no scheme", { url: "//example.com/" }, "/url", "https://"],
    ["no host", { url: "https:///example.com" }, "/url", "https://"],
    ["one slash", { url: "https:/example.com" }, "/url", "https://"],
    ["a script", { url: "javascript:alert(1)" }, "/url", "https://"],
    ["a mailto as URL", { url: "mailto:a@b.example" }, "/url", "https://"],
    ["a space before it", { url: ` ${HOST}` }, "/url", "https://"],
    ["a space behind it", { url: `${HOST} ` }, "/url", "percent-encoded"],
    ["a comma", { url: `${HOST}?a=1,2` }, "/url", "%2C"],
    ["brackets", { url: `${HOST}>, <https://evil.example/` }, "/url", "comma"],
    ["a closing bracket", { url: `${HOST}>` }, "/url", "percent-encoded"],
    ["CRLF", { url: `${HOST}\r\nBcc: x@example.com` }, "/url", "percent-encoded"],
    ["a tab in the scheme", { url: "ht\ttps://example.com/" }, "/url", "https://"],
    ["a tab, which URL drops", { url: `${HOST}a\tb` }, "/url", "percent-encoded"],
    ["NUL", { url: `${HOST}\0` }, "/url", "percent-encoded"],
    [
      "a backslash, which URL turns",
      { url: "https://example.com\\@evil.example/" },
      "/url",
      "percent-encoded",
    ],
    ["a no-break space", { url: `${HOST}a\u00a0b` }, "/url", "percent-encoded"],
    [
      "a soft hyphen, which URL drops",
      { url: "https://exam\u00adple.com/" },
      "/url",
      "percent-encoded",
    ],
    ["a bidirectional control", { url: `${HOST}\u202e` }, "/url", "percent-encoded"],
    ["a template not filled in", { url: `${HOST}{{token}}` }, "/url", "percent-encoded"],
    ["a quote", { url: `${HOST}"` }, "/url", "percent-encoded"],
    ["credentials", { url: "https://a:b@example.com/" }, "/url", "credentials"],
    ["a user", { url: "https://a@example.com/" }, "/url", "credentials"],
    ["a host that is none", { url: "https://exa%20mple.com/" }, "/url", "valid URL"],
    ["a bad port", { url: "https://example.com:99999/" }, "/url", "valid URL"],
    ["a per cent alone", { url: `${HOST}100%` }, "/url", "two hexadecimal"],
    ["an encoded-word", { url: `${HOST}?a=?UTF-8?Q?b?=` }, "/url", "=%3F"],
    ["901 characters", { url: `${URL_OF_900}a` }, "/url", "more than 900"],
    ["900 characters that grow", { url: `${HOST}${"ä".repeat(200)}` }, "/url", "more than 900"],
    ["a fragment, posted", { url: `${HOST}#token` }, "/url", "never posted"],
    ["no address", { mailto: "off" }, "/mailto", "no `@`"],
    ["a name with it", { mailto: "Off <off@example.com>" }, "/mailto", "One string is one mailbox"],
    ["two addresses", { mailto: "mailto:a@b.example,c@d.example" }, "/mailto", "one mailbox"],
    ["two, encoded", { mailto: "mailto:a@b.example%2Cc@d.example" }, "/mailto", "one mailbox"],
    ["a mailto to nobody", { mailto: "mailto:?subject=off" }, "/mailto", "no `@`"],
    [
      "a mailto with bcc",
      { mailto: "mailto:a@b.example?bcc=c@d.example" },
      "/mailto",
      "`subject=`",
    ],
    [
      "bcc behind the subject",
      { mailto: "mailto:a@b.example?subject=x&bcc=c@d.example" },
      "/mailto",
      "`subject=`",
    ],
    [
      "a name that is encoded",
      { mailto: "mailto:a@b.example?%62cc=c@d.example" },
      "/mailto",
      "`subject=`",
    ],
    ["a second subject", { mailto: "mailto:a@b.example?subject=x&SUBJECT=y" }, "/mailto", "once"],
    [
      "a space in the subject",
      { mailto: "mailto:a@b.example?subject=a b" },
      "/mailto",
      "percent-encoded",
    ],
    [
      "Unicode in the subject",
      { mailto: "mailto:a@b.example?subject=ä" },
      "/mailto",
      "percent-encoded",
    ],
    [
      "a comma in the subject",
      { mailto: "mailto:a@b.example?subject=a,b" },
      "/mailto",
      "percent-encoded",
    ],
    [
      "a line break in the subject",
      { mailto: "mailto:a@b.example?subject=a%0D%0ABcc:b" },
      "/mailto",
      "control",
    ],
    [
      "half a line break in the body",
      { mailto: "mailto:a@b.example?body=a%0Ab" },
      "/mailto",
      "control",
    ],
    [
      "a subject not in UTF-8",
      { mailto: "mailto:a@b.example?subject=%FF" },
      "/mailto",
      "not UTF-8",
    ],
    ["an address not in UTF-8", { mailto: "mailto:%FF@b.example" }, "/mailto", "not the start"],
    [
      "CRLF in the address",
      { mailto: "mailto:a%0D%0A@b.example" },
      "/mailto",
      "space or an invisible",
    ],
    [
      "CRLF behind it",
      { mailto: "mailto:a@b.example\r\nBcc: c@d.example" },
      "/mailto",
      "It must be one address",
    ],
    ["a https URL as mailto", { mailto: HOST }, "/mailto", "It must be one address"],
    [
      "a body of 900",
      { mailto: `mailto:a@b.example?body=${"a".repeat(900)}` },
      "/mailto",
      "more than 900",
    ],
  ])("refuses %s", (_, value: unknown, pointer, detail) => {
    expect(read(value)).toStrictEqual({
      list: undefined,
      problems: [
        { pointer: `/listUnsubscribe${pointer}`, detail: expect.stringContaining(detail) },
      ],
    });
  });

  it("is absent where the field is", () => {
    expect(readListUnsubscribe(undefined, [])).toBeUndefined();
  });

  it.each([
    [{ url: HOST, oneClick: true }, [`<${HOST}>`, "List-Unsubscribe=One-Click"]],
    [{ url: HOST, oneClick: false }, [`<${HOST}>`]],
    [{ mailto: "mailto:a@b.example", oneClick: false }, ["<mailto:a@b.example>"]],
    [
      { url: HOST, mailto: "mailto:a@b.example", oneClick: true },
      [`<mailto:a@b.example>, <${HOST}>`, "List-Unsubscribe=One-Click"],
    ],
  ])("is written as its fields: %j", (list, values) => {
    const names = ["List-Unsubscribe", "List-Unsubscribe-Post"];
    const fields = values.map((value, at) => ({ name: names[at], value }));
    expect(listUnsubscribeFields(list)).toStrictEqual(fields);
  });

  it("is one line of brackets, commas and ASCII, whatever is given", () => {
    const tail = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.webQueryParameters(),
      fc.constantFrom("<", ">", ",", "\r\n", "%0d%0a", "ä", "=?"),
    );
    const given = fc.record({
      url: tail.map((text) => `${HOST}?${text}`),
      mailto: fc.oneof(
        address,
        tail.map((text) => `mailto:a@b.example?subject=${text}`),
      ),
    });
    fc.assert(
      fc.property(given, (value) => {
        const { list, problems } = read(value);
        expect(list === undefined).toBe(problems.length > 0);
        if (list === undefined) return;
        for (const { value: text } of listUnsubscribeFields(list)) {
          expect(text).toMatch(
            /^(?:List-Unsubscribe=One-Click|<mailto:[!-+\-.-;=?-~]+>, <https:[!-+\-.-;=?-~]+>)$/,
          );
          expect(text).not.toContain("=?UTF");
        }
        expect(read(list).list).toStrictEqual(list);
      }),
      { numRuns: 2000 },
    );
  });
});
