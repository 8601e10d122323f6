/** The envelope of a whole message, in the query or in header fields. */
import { describe, expect, it } from "vitest";

import { readMessage } from "../../src/http/message.ts";

const RAW = "From: ann@example.com\r\n\r\nx\r\n";

async function read(query: string, headers: Readonly<Record<string, string>> = {}) {
  const init = { method: "POST", headers, body: RAW };
  const body = await readMessage(new Request(`http://localhost/emails${query}`, init));
  if (!body.ok) throw new TypeError("the body is short");
  return body.value;
}

describe("the envelope", () => {
  it.each<[string, string, Readonly<Record<string, string>>, object]>([
    ["is the message's own", "", {}, {}],
    [
      "is in the query",
      "?from=ann@example.com&to=bob@example.org&to=carol@example.net",
      {},
      { from: "ann@example.com", to: ["bob@example.org", "carol@example.net"] },
    ],
    ["has the null reverse-path", "?from=", {}, { from: "" }],
    ["is decoded", "?to=bob%2Bnews%40example.org", {}, { to: ["bob+news@example.org"] }],
    [
      "is not split in the query",
      "?to=a@example.org,b@example.org",
      {},
      { to: ["a@example.org,b@example.org"] },
    ],
    [
      "is in header fields",
      "",
      {
        "X-Envelope-From": "ann@example.com",
        "X-Envelope-To": "bob@example.org,\tcarol@example.net , ",
      },
      { from: "ann@example.com", to: ["bob@example.org", "carol@example.net"] },
    ],
    ["has the null reverse-path in a header field", "", { "X-Envelope-From": "" }, { from: "" }],
    [
      "may be in both, each half once",
      "?to=bob@example.org",
      { "X-Envelope-From": "ann@example.com" },
      { from: "ann@example.com", to: ["bob@example.org"] },
    ],
    ["stands beside dryRun", "?dryRun=true&dry_run=true&from=", {}, { from: "" }],
    ["may not be emptied, for then it is the message's own", "?to=", {}, { to: [""] }],
    ["may not be emptied in a header field", "", { "X-Envelope-To": " , " }, { to: [""] }],
  ])("%s", async (_, query, headers, envelope) => {
    const { input, problems } = await read(query, headers);
    expect(input).toStrictEqual({ raw: new TextEncoder().encode(RAW), envelope });
    expect(problems).toStrictEqual([]);
  });

  it.each<[string, string, Readonly<Record<string, string>>, string, RegExp]>([
    [
      "from twice",
      "?from=a@example.com&from=b@example.com",
      {},
      "/envelope/from",
      /more than once/,
    ],
    [
      "from both ways",
      "?from=",
      { "X-Envelope-From": "a@example.com" },
      "/envelope/from",
      /X-Envelope-From; give one/,
    ],
    [
      "to both ways",
      "?to=a@example.com",
      { "X-Envelope-To": "" },
      "/envelope/to",
      /X-Envelope-To; give one/,
    ],
    ["a plus in the query", "?to=b@example.org&to=a+b@example.org", {}, "/envelope/to/1", /`%2B`/],
    ["a plus in from", "?from=a+b@example.org", {}, "/envelope/from", /`%2B`/],
    [
      "more than ASCII in a header field",
      "",
      { "X-Envelope-To": "\u00e9@example.org" },
      "/envelope/to",
      /ASCII.*query/,
    ],
    [
      "more than ASCII in the other",
      "",
      { "X-Envelope-From": "\u00e9@example.org" },
      "/envelope/from",
      /ASCII.*query/,
    ],
    [
      "a parameter nobody knows",
      "?requireTls=true",
      {},
      "",
      /^Unknown query parameter `requireTls`/,
    ],
    [
      "a time, which a whole message cannot have",
      "?scheduled_at=in%205%20minutes",
      {},
      "",
      /^Unknown query parameter `scheduled_at`/,
    ],
    ["an odd parameter", "?%E9%0A`=1", {}, "", /^[ -~]+$/],
  ])("refuses %s", async (_, query, headers, pointer, detail) => {
    const { problems } = await read(query, headers);
    expect(problems).toStrictEqual([{ pointer, detail: expect.stringMatching(detail) }]);
  });
});
