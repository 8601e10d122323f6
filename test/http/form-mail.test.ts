/** Which part of a form is which field of the mail. Whether the mail is any good is parseMail's to say. */
import { describe, expect, it } from "vitest";

import { file, read, type Part } from "./form-parts.ts";

/** The input with octets as text, so that tables can say what it is. */
function plain(value: unknown): unknown {
  if (value instanceof ArrayBuffer) return new TextDecoder("latin1").decode(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}

describe("parts without a file name", () => {
  it.each<[string, readonly Part[], object]>([
    ["is the field of its name", ["from=Ann <ann@example.com>"], { from: "Ann <ann@example.com>" }],
    ["keeps its line ends", ["text=a\r\nb\n"], { text: "a\r\nb\n" }],
    ["is not split", ["to=a@example.org,b@example.org"], { to: "a@example.org,b@example.org" }],
    ["that is empty stays so", ["cc="], { cc: "" }],
    [
      "given again makes a list",
      ["to=a", "cc=c", "to=b", "reply_to=d", "reply_to=e"],
      { to: ["a", "b"], cc: "c", reply_to: ["d", "e"] },
    ],
    ["references", ["references=<a@b>", "references=<c@d>"], { references: ["<a@b>", "<c@d>"] }],
    ["that is an object is JSON", ['dsn={"notify":["NEVER"]}'], { dsn: { notify: ["NEVER"] } }],
    ["by its alias", ['deliver_by= {"seconds":60}\n'], { deliver_by: { seconds: 60 } }],
    [
      "that is a boolean",
      ["requireTls=true", "require_tls=false"],
      { requireTls: true, require_tls: false },
    ],
    [
      "that is a number",
      ["priority=-4", "hold_for_seconds=60"],
      { priority: -4, hold_for_seconds: 60 },
    ],
    ["that is no number is left to be refused", ["priority=high"], { priority: "high" }],
    ["that is no boolean is left to be refused", ["requireTls=yes"], { requireTls: "yes" }],
    ["of JSON that is empty is absent", ["dsn=", "priority= ", "calendar=\n"], {}],
    [
      "of JSON that is a list",
      ['tags=[{"name":"a","value":"b"}]'],
      { tags: [{ name: "a", value: "b" }] },
    ],
    ["that is a time", ["scheduled_at=in 5 minutes"], { scheduled_at: "in 5 minutes" }],
    ["headers as JSON", ['headers={"X-A":"1"}'], { headers: { "X-A": "1" } }],
    [
      "headers by name",
      ["headers[X-A]=1", "headers[X-B]="],
      { headers: { "X-A": "1", "X-B": "" } },
    ],
    ["a header twice", ["headers[X-A]=1", "headers[X-A]=2"], { headers: { "X-A": ["1", "2"] } }],
    [
      "headers both ways",
      ["headers[X-A]=2", 'headers={"X-A":"1","X-B":["3"]}', "headers[X-C]=4"],
      { headers: { "X-A": ["1", "2"], "X-B": ["3"], "X-C": "4" } },
    ],
    [
      "headers that are a list are left to be refused",
      ["headers=[]", "headers[X-A]=1"],
      { headers: [] },
    ],
    ["a header without a name is left to be refused", ["headers[]=1"], { headers: { "": "1" } }],
    [
      "what nobody knows is left to be refused",
      ["hedaers[X-A]=1", "To=a"],
      { "hedaers[X-A]": "1", To: "a" },
    ],
    ["an attachment nobody chose is none", ["attachment=", "attachments=", "inline="], {}],
  ])("%s", async (_, parts, input) => {
    const mail = await read(...parts);
    expect(mail).toStrictEqual({ input, problems: [] });
  });
});

describe("parts with a file name", () => {
  const attachment = { filename: "a.pdf", content: "x", disposition: "attachment" };

  it.each<[string, readonly Part[], object]>([
    ["attachments", [["attachments", file("a.pdf")]], { attachments: [attachment] }],
    ["attachment", [["attachment", file("a.pdf")]], { attachments: [attachment] }],
    [
      "inline",
      [["inline", file("logo.png")]],
      {
        attachments: [
          { filename: "logo.png", content: "x", disposition: "inline", contentId: "logo.png" },
        ],
      },
    ],
    [
      "inline of a name that is no content ID",
      [["inline", file("my logo.png")]],
      { attachments: [{ filename: "my logo.png", content: "x", disposition: "inline" }] },
    ],
    [
      "several, behind those of a field",
      [["attachment", file("a.pdf")], 'attachments=[{"content":"eA=="}]', ["inline", file("b")]],
      {
        attachments: [
          { content: "eA==" },
          attachment,
          { filename: "b", content: "x", disposition: "inline", contentId: "b" },
        ],
      },
    ],
    [
      "beside a field that is no list",
      [["attachment", file("a.pdf")], "attachments={}"],
      { attachments: {} },
    ],
    [
      "with a type",
      [["attachment", file("a.pdf", "x", "text/csv;charset=utf-8")]],
      { attachments: [{ ...attachment, type: "text/csv;charset=utf-8" }] },
    ],
    [
      "of the type for anything",
      [["attachment", file("a.pdf", "x", "application/octet-stream")]],
      { attachments: [attachment] },
    ],
    [
      "of the type for anything, with a parameter",
      [["attachment", file("a.pdf", "x", "Application/Octet-Stream; charset=binary")]],
      { attachments: [attachment] },
    ],
    [
      "that is empty",
      [["attachment", file("a.pdf", "")]],
      { attachments: [{ ...attachment, content: "" }] },
    ],
    [
      "octets as they are",
      [["attachment", file("a.pdf", Uint8Array.of(0, 13, 10, 233, 255))]],
      { attachments: [{ ...attachment, content: "\0\r\n\u00e9\u00ff" }] },
    ],
    [
      "with a path is left to be refused",
      [["attachment", file("../../etc/passwd")]],
      { attachments: [{ ...attachment, filename: "../../etc/passwd" }] },
    ],
    [
      "with a name as browsers and curl write it",
      [["attachment", file("a%22b%0D%0Ac%41%.pdf")]],
      { attachments: [{ ...attachment, filename: 'a"b\r\nc%41%.pdf' }] },
    ],
    ["html", [["html", file("body.html", "<p>Grüße")]], { html: "<p>Grüße" }],
    ["text with a byte order mark", [["text", file("body.txt", "\ufeffhi")]], { text: "hi" }],
    [
      "amp, text",
      [
        ["amp", file("a", "1")],
        ["text", file("b", "2")],
      ],
      { amp: "1", text: "2" },
    ],
    ["raw, as octets", [["raw", file("m.eml", Uint8Array.of(0x41, 0xe9))]], { raw: "A\u00e9" }],
  ])("%s", async (_, parts, input) => {
    const mail = await read(...parts);
    expect(plain(mail.input)).toStrictEqual(input);
    expect(mail.problems).toStrictEqual([]);
  });
});
