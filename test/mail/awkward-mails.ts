/** Mails that go wrong elsewhere, and that are valid: what they hold, and the parts to make others of. */
import { composeWhole, HELLO, mailOf } from "./mails.ts";

const FAMILY = "👩‍👩‍👧‍👦";
const HEBREW = "שלום עולם";
export const octets = (...values: readonly number[]) => Uint8Array.from(values);
export const named = (name: string) => ({ email: "bob@example.org", name });
export const files = (...names: readonly string[]) => ({
  attachments: names.map((filename) => ({ filename, content: octets(1, 2, 3) })),
});
export const ids = (count: number) =>
  Array.from({ length: count }, (_, at) => `<${at}.abc@example.org>`);

const SUBJECTS: readonly (readonly [name: string, subject: string])[] = [
  ["none", ""],
  ["300 letters without a space", "x".repeat(300)],
  ["2000 letters without a space", "x".repeat(2000)],
  ["300 characters in words", "word ".repeat(60).trim()],
  ["a long word among short ones", `a ${"x".repeat(290)} b`],
  ["300 of CJK", "東京都".repeat(100)],
  ["emoji joined to one", FAMILY.repeat(30)],
  ["flags and skin tones", "🇩🇪👋🏽".repeat(20)],
  ["right to left", `${HEBREW} abc مرحبا`],
  ["only spaces", "   "],
  ["only tabs", "\t\t"],
  ["300 spaces", " ".repeat(300)],
  ["spaces at both ends", "  a  "],
  ["a tab within", "a\tb"],
  ["runs of spaces", `a${" ".repeat(100)}b${" ".repeat(100)}c`],
  ["an encoded-word lookalike", "=?UTF-8?Q?a?= =?x?= =?"],
  ["a lookalike within a word", "a=?UTF-8?Q?b?=c"],
  ["a field", "Bcc: eve@example.net"],
  ["a NBSP at the end", "a\u00a0"],
  ["combining marks", "e\u0301".repeat(100)],
];

const NAMES: readonly (readonly [name: string, displayName: string])[] = [
  ["emoji", `Ann ${FAMILY} 👋🏽`],
  ["right to left", HEBREW],
  ["right to left and not", `${HEBREW} Ann مرحبا`],
  ["320 characters", "x".repeat(320)],
  ["320 in words", "word ".repeat(64).trim()],
  ["320 of CJK", "東".repeat(320)],
  ["a comma", "Doe, John"],
  ["quotes and backslashes", 'a "b" \\ c\\'],
  ["only a quote", '"'],
  ["a semicolon and a colon", "Team: a; b"],
  ["a comment", "Ann (not Bob)"],
  ["an open comment", "Ann ("],
  ["an address", "eve@example.net"],
  ["an address in brackets", "<eve@example.net>"],
  ["an encoded-word lookalike", "=?UTF-8?Q?a?="],
  ["half a lookalike", "=?UTF-8?B?"],
  ["a lookalike of an address", "=?UTF-8?B?PGV2ZUBleGFtcGxlLm5ldD4=?="],
  ["two spaces", "a  b"],
  ["a dot", "J. Doe"],
  ["a group", "undisclosed-recipients:;"],
];

const TEXTS: readonly (readonly [name: string, text: string])[] = [
  ["a blank line first", "\n\nHi"],
  ["white space first", "  \t Hi"],
  ["a line of white space first", "   \nHi"],
  ["spaces at the ends of lines", "a \nb  \nc\t\n \n\t\nd"],
  ["NUL", "a\0b"],
  ["control characters", "a\x01\x08\x0b\x0c\x1b\x7fb"],
  ["CR alone", "a\rb\r\rc"],
  ["LF alone", "a\nb\n\nc"],
  ["CR and LF mixed up", "a\n\rb\r\n\rc\r\r\nd"],
  ["a mailbox file", "From eve@example.net Sat Nov 21 10:00:00 2026\nFrom: x\n>From y\nFrom z"],
  ["dots", ".\n..\n...\n.a\n.\n"],
  ["the end of DATA", "a\r\n.\r\nQUIT\r\n"],
  ["header fields", "Subject: x\nContent-Type: text/html\n\n<b>Hi</b>"],
  ["a multipart", "--x\nContent-Type: text/html\n\n<b>Hi</b>\n--x--\n"],
  ["a line of 998", "x".repeat(998)],
  ["a line of 999", "x".repeat(999)],
  ["a line of 998 octets in UTF-8", "ü".repeat(499)],
  ["a line of 100 KB", "x".repeat(100_000)],
  ["a line of 100 KB in words", "word ".repeat(20_000).trim()],
  ["a line of 100 KB of CJK", "東".repeat(33_000)],
  ["quoted-printable", "a=3Db=\nc=\n= "],
  ["an encoded-word", "=?UTF-8?Q?a?="],
  ["a BOM within", "a\ufeffb"],
  ["line separators", "a\u2028b\u2029c\u0085d"],
  ["a space before a soft line break", `${"a".repeat(74)} b ü`],
  ["emoji across line ends of base64", FAMILY.repeat(50)],
];

const FILENAMES: readonly (readonly [name: string, filename: string])[] = [
  ["quotes", 'say "hi".txt'],
  ["only quotes", '"".txt'],
  ["60 quotes", '"'.repeat(60)],
  ["semicolons", 'a;b; filename="c.exe".txt'],
  ["an apostrophe", "it's.txt"],
  ["a percent sign", "100%25.txt"],
  ["an extended value", "UTF-8''a%20b.txt"],
  ["a comment", "a (1).txt"],
  ["an equals sign", "a=b.txt"],
  ["dots", "....."],
  ["a dot first", ".htaccess"],
  ["a hyphen first", "-rf"],
  ["a space at each end", " a.txt "],
  ["two spaces", "a  b.txt"],
  ["emoji", `${FAMILY}.png`],
  ["right to left", `${HEBREW}.pdf`],
  ["255 octets", `${"x".repeat(251)}.txt`],
  ["255 octets in UTF-8", `${"東".repeat(83)}.pdf`],
  ["no extension", "README"],
  ["a comma", "a,b.csv"],
];

const OTHERS: readonly (readonly [name: string, input: object])[] = [
  ["200 recipients with names", { to: people(200) }],
  ["800 recipients in Cc and Bcc", { cc: people(400), bcc: people(400) }],
  ["a name in every field", { from: named("="), sender: named("?="), replyTo: [named("_")] }],
  ["250 references", { inReplyTo: "a@example.org", references: ids(250) }],
  ["an empty file", { attachments: [{ filename: "a.bin", content: "" }] }],
  [
    "empty files only",
    {
      text: null,
      attachments: ["a.txt", "b.html", "c.ics", "e"].map((filename) => ({
        filename,
        content: "",
      })),
    },
  ],
  ["an empty message", { attachments: [{ type: "message/rfc822", content: "" }] }],
  [
    "a message without an end of line",
    { attachments: [{ type: "message/rfc822", content: Buffer.from("Subject: x\n\nx") }] },
  ],
  [
    "a message of another message",
    {
      attachments: [
        {
          type: "message/rfc822",
          content: Buffer.from(
            'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nHi\n--x\n' +
              "Content-Type: message/rfc822\n\nSubject: y\n\nHo\n--x--\n",
          ),
        },
      ],
    },
  ],
  ["100 files", files(...Array.from({ length: 100 }, (_, at) => `${at}.bin`))],
  ["files of one name", files("a.bin", "a.bin")],
  [
    "octets of all values",
    { attachments: [{ content: Uint8Array.from({ length: 4096 }, (_, at) => at % 256) }] },
  ],
  ["a file of CR and LF", { attachments: [{ content: octets(13, 10, 10, 13, 13, 10, 46) }] }],
  [
    "files of 56 to 58 octets",
    {
      attachments: [56, 57, 58, 114].map((length) => ({ content: new Uint8Array(length) })),
    },
  ],
  ["an html of one line of 100 KB", { html: `<p>${"x".repeat(100_000)}</p>` }],
  ["an html of words without line ends", { html: `<p>${"wörd ".repeat(20_000)}</p>` }],
  ["an AMP of one line of 100 KB", { amp: `<p>${"x".repeat(100_000)}</p>` }],
  [
    "a calendar with a line of 100 KB",
    {
      calendar: {
        method: "REQUEST",
        content: `BEGIN:VCALENDAR\nMETHOD:REQUEST\nX:${"x".repeat(100_000)}\nEND:VCALENDAR`,
        filename: "a.ics",
      },
    },
  ],
  [
    "headers of white space",
    {
      headers: { "X-Empty": "", "X-Space": " ", "X-Run": `a${" ".repeat(200)}b`, "X-Tab": "a\tb" },
    },
  ],
  ["a header of 8000 characters", { headers: { "X-Long": "word ".repeat(1600).trim() } }],
  ["a header of one word of 997", { headers: { "X-Long": "x".repeat(996) } }],
  ["a header named with 76 letters", { headers: { ["X".repeat(76)]: `${"y".repeat(90)} ü` } }],
  ["a Message-ID of 512", { messageId: `${"x".repeat(500)}@example.com` }],
  [
    "every boundary of another mail",
    { text: composedText({ html: "h" }), html: composedText({ html: "h" }) },
  ],
];

function people(count: number): object[] {
  const names = ["Ann", "Jürgen", "Doe, John", HEBREW, FAMILY, 'a "b"', "=?", "東京", "J. Doe"];
  return Array.from({ length: count }, (_, at) => ({
    email: `u${at}@example.com`,
    name: `${names[at % names.length] ?? ""} ${at}`,
  }));
}

/** As text, with boundaries of its own. */
export function composedText(input: object): string {
  return new TextDecoder().decode(composeWhole(mailOf({ ...HELLO, ...input })).content);
}

/** Each beside {@link HELLO}. */
export const AWKWARD: readonly (readonly [name: string, input: object])[] = [
  ...SUBJECTS.map(([name, subject]) => [`a subject of ${name}`, { subject }] as const),
  ...NAMES.map(
    ([name, text]) =>
      [
        `names of ${name}`,
        {
          from: named(text),
          to: [named(text), "x@example.org", named(text)],
          replyTo: named(text),
        },
      ] as const,
  ),
  ...TEXTS.flatMap(([name, text]) => [
    [`a text of ${name}`, { text }] as const,
    [`an html of ${name}`, { text: null, html: text }] as const,
    [`text and html of ${name}, with a file`, { text, html: text, ...files("a.bin") }] as const,
  ]),
  ...FILENAMES.map(([name, filename]) => [`a file name of ${name}`, files(filename)] as const),
  ...OTHERS,
];
