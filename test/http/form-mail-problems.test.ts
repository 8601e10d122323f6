/** Forms that say what no form can say, or what no client of ours would write. */
import { describe, expect, it } from "vitest";

import { readForm } from "../../src/http/form.ts";
import { file, read, type Part } from "./form-parts.ts";

describe("what a form cannot say", () => {
  it.each<[string, readonly Part[], string, RegExp]>([
    [
      "a subject twice",
      ["subject=a", "subject=b"],
      "/subject",
      /^Invalid `subject` field\. .*2 times/,
    ],
    ["no JSON", ["envelope=ann@example.com"], "/envelope", /`envelope` field\. .*JSON/],
    [
      "no JSON, under an alias",
      ["list_unsubscribe=<https://example.com>"],
      "/list_unsubscribe",
      /`list_unsubscribe` .*JSON/,
    ],
    ["tags that are no JSON", ["tags=a"], "/tags", /`tags` field\. .*JSON/],
    ["JSON that is cut off", ['attachments=[{"content":'], "/attachments", /JSON/],
    ["two flags", ["requireTls=true", "requireTls=true"], "/requireTls", /2 times/],
    ["Latin-1 that was decoded", ["text=Gr\ufffd\ufffde"], "/text", /not UTF-8/],
    ["Latin-1 in one of a list", ["to=a@b", "to=\ufffd"], "/to", /not UTF-8/],
    [
      "Latin-1 in a header",
      ["headers[X-A]=\ufffd"],
      "/headers/X-A",
      /`headers\[X-A\]` .*not UTF-8/,
    ],
    [
      "a file that is not UTF-8",
      [["html", file("a.html", Uint8Array.of(0xe9))]],
      "/html",
      /file is not UTF-8/,
    ],
    ["a text and a file", ["text=a", ["text", file("a.txt")]], "/text", /more than once/],
    [
      "two files for one text",
      [
        ["html", file("a")],
        ["html", file("b")],
      ],
      "/html",
      /more than once/,
    ],
    [
      "a file nobody knows",
      [["logo", file("logo.png")]],
      "/logo",
      /`attachments`, `attachment` or `inline`/,
    ],
    ["a file as another field", [["subject", file("a.txt")]], "/subject", /may not be a file/],
    ["a file as JSON", [["headers", file("h.json", "{}")]], "/headers", /may not be a file/],
    ["a file as a header", [["headers[X-A]", file("a")]], "/headers[X-A]", /may not be a file/],
    ["a file of an odd name", [["a/b~c", file("a")]], "/a~1b~0c", /may not be a file/],
    [
      "an attachment without a name",
      ["attachment=%PDF"],
      "/attachment",
      /needs a file name.*-F attachment=@/,
    ],
    ["an inline one, too", ["inline=", "inline=PNG"], "/inline", /needs a file name/],
  ])("%s", async (_, parts, pointer, detail) => {
    const { problems } = await read(...parts);
    expect(problems).toStrictEqual([{ pointer, detail: expect.stringMatching(detail) }]);
  });

  it("has names from outside only in printable ASCII", async () => {
    const { problems } = await read(["a\r\n\u202e`b", file("x")], ["subject\u0000", file("y")]);
    for (const { detail } of problems) expect(detail).toMatch(/^[ -~]+$/);
    expect(problems).toHaveLength(2);
  });
});

describe("hostile forms", () => {
  it("have no influence on what objects inherit", async () => {
    const { input } = await read(
      "__proto__=x",
      "constructor=y",
      "headers[__proto__]=z",
      "headers[toString]=w",
    );
    expect(Object.keys(input as object)).toStrictEqual(["__proto__", "constructor", "headers"]);
    expect(Object.getPrototypeOf(input)).toBe(Object.prototype);
    const { headers } = input as { readonly headers: object };
    expect(Object.entries(headers)).toStrictEqual([
      ["__proto__", "z"],
      ["toString", "w"],
    ]);
    expect(Object.getPrototypeOf(headers)).toBe(Object.prototype);
  });

  it("of a thousand fields are read at once", async () => {
    const many = Array.from({ length: 1000 }, (_, at): Part => `field${at}=x`);
    const { input, problems } = await read(...many);
    expect(Object.keys(input as object)).toHaveLength(1000);
    expect(problems).toStrictEqual([]);
  });

  it.each([
    [2000, true],
    [2001, false],
  ])("of %i parts are read: %s", async (count, ok) => {
    const body = new FormData();
    for (let at = 0; at < count; at += 1) body.append("to", `u${at}@example.org`);
    const form = await readForm(new Request("http://localhost/", { method: "POST", body }));
    expect(form.ok).toBe(ok);
    if (!form.ok) expect(form.problem.message).toContain("2001 parts");
  });

  it("with JSON of great depth are no fault", async () => {
    const { problems } = await read(`attachments=${"[".repeat(1_000_000)}`);
    expect(problems).toHaveLength(1);
  });
});
