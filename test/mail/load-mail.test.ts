import { describe, expect, it } from "vitest";

import { compose } from "../../src/mail/compose.ts";
import { wholeOf } from "../../src/mail/content.ts";
import { LIMITS } from "../../src/mail/limits.ts";
import { loadMail } from "../../src/mail/load-mail.ts";
import type { ParsedMail } from "../../src/mail/mail.ts";
import { parseMail } from "../../src/mail/parse-mail.ts";
import { serialiseMail } from "../../src/mail/serialise-mail.ts";
import type { ObjectStore } from "../../src/mail/source.ts";
import { HELLO, problemsOf } from "./mails.ts";

const FILE = new TextEncoder().encode("content of a file");

function parsed(...attachments: object[]): ParsedMail {
  const mail = parseMail({ ...HELLO, attachments });
  if (!mail.ok) throw new Error(JSON.stringify(mail.problems));
  return mail.value;
}

function streamOf(...chunks: unknown[]): ReadableStream<unknown> {
  return new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

/** A store with one object, which says how often it was opened. */
function store(octets: Uint8Array, size = octets.length): ObjectStore & { opened: number } {
  const self = {
    opened: 0,
    find: async (key: string) => {
      await Promise.resolve();
      if (key !== "reports/a.pdf") return undefined;
      return {
        size,
        open: async function* open() {
          self.opened += 1;
          await Promise.resolve();
          yield octets;
        },
      };
    },
  };
  return self;
}

const loaded = async (mail: ParsedMail, from?: ObjectStore) => {
  const result = await loadMail(mail, from);
  return result.ok
    ? result.value
    : result.problems.map(({ pointer, detail }) => `${pointer} ${detail}`);
};

describe("a mail with a stream", () => {
  it("has its octets, and can be composed twice", async () => {
    const mail = await loaded(parsed({ content: streamOf(FILE.subarray(0, 5), FILE.subarray(5)) }));
    if (Array.isArray(mail)) throw new Error(mail.join());
    expect(mail.attachments[0]?.content).toEqual(FILE);
    for (const _ of [1, 2]) {
      const text = new TextDecoder().decode(await wholeOf(compose(mail).content));
      expect(text).toContain(`\r\n\r\n${btoa("content of a file")}\r\n`);
    }
  });

  it("is refused where it has other than `size` octets", async () => {
    const size = FILE.length;
    expect(await loaded(parsed({ content: streamOf(FILE), size }))).not.toBeInstanceOf(Array);
    expect(await loaded(parsed({ content: streamOf(FILE), size: size + 1 }))).toEqual([
      `/attachments/0/size The content has ${size} octets.`,
    ]);
  });

  it("is not read on once it is too large", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(1024 * 1024));
      },
    });
    expect(await loaded(parsed({ content: endless }))).toEqual([
      `/attachments/0/content With it the content is larger than ${LIMITS.contentOctets} octets.`,
    ]);
    expect(pulled).toBeLessThan(45);
  });

  it("rejects where the stream fails", async () => {
    const failing = new ReadableStream({ pull: () => Promise.reject(new Error("gone")) });
    await expect(loadMail(parsed({ content: failing }))).rejects.toThrow("gone");
  });

  it("is refused where it gives anything but octets", async () => {
    expect(await loaded(parsed({ content: streamOf("text") }))).toEqual([
      "/attachments/0/content The stream must give Uint8Arrays.",
    ]);
  });

  it("has the same file when it is submitted again, and where it is there twice", async () => {
    const content = streamOf(FILE);
    const input = { ...HELLO, attachments: [{ content }, { content }] };
    for (const _ of [1, 2]) {
      const mail = parseMail(input);
      if (!mail.ok) throw new Error(JSON.stringify(mail.problems));
      const whole = await loaded(mail.value);
      if (Array.isArray(whole)) throw new Error(whole.join());
      expect(whole.attachments.map((one) => one.content)).toEqual([FILE, FILE]);
    }
  });

  it("is refused where somebody else has read it", async () => {
    const content = streamOf(FILE);
    for await (const _ of content);
    expect(problemsOf({ ...HELLO, attachments: [{ content }] })).toEqual([
      expect.stringContaining("was read before"),
    ]);
  });

  it("has what each chunk was, though its memory is used again", async () => {
    const memory = new Uint8Array(3);
    let count = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      count += 1;
      if (count > 3) controller.close();
      else controller.enqueue(memory.fill(count));
    };
    // One chunk at a time: else the stream itself holds one that is not read yet.
    const content = new ReadableStream({ pull }, { highWaterMark: 0 });
    const mail = await loaded(parsed({ content }));
    if (Array.isArray(mail)) throw new Error(mail.join());
    expect(mail.attachments[0]?.content).toEqual(Uint8Array.of(1, 1, 1, 2, 2, 2, 3, 3, 3));
  });

  it("is not read on behind its size", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(10));
      },
    });
    expect(await loaded(parsed({ content: endless, size: 25 }))).toEqual([
      "/attachments/0/content The stream gives more than 25 octets.",
    ]);
    expect(pulled).toBeLessThan(6);
  });

  it("is refused where somebody else reads it", () => {
    const stream = streamOf(FILE);
    stream.getReader();
    expect(problemsOf({ ...HELLO, attachments: [{ content: stream }] })).toEqual([
      expect.stringContaining("/attachments/0/content"),
    ]);
  });

  it("cannot wait in a queue", () => {
    expect(() => serialiseMail(parsed({ content: streamOf(FILE) }))).toThrow(TypeError);
  });
});

describe("a mail with a stored object", () => {
  const KEY = { r2Key: "reports/a.pdf", filename: "a.pdf" };

  it("is read while it is composed, every time, and not before", async () => {
    const from = store(FILE);
    const mail = await loaded(parsed(KEY), from);
    if (Array.isArray(mail)) throw new Error(mail.join());
    expect(from.opened).toBe(0);
    const { content } = compose(mail);
    const text = new TextDecoder().decode(await wholeOf(content));
    expect(text).toContain(`\r\n\r\n${btoa("content of a file")}\r\n`);
    expect(text).toContain("Content-Type: application/pdf\r\n");
    await wholeOf(content);
    expect(from.opened).toBe(2);
  });

  it("is looked up: one that is not there is refused, as is any where no bucket is bound", async () => {
    expect(await loaded(parsed({ ...KEY, r2Key: "b" }), store(FILE))).toEqual([
      "/attachments/0/r2Key There is no object with this key.",
    ]);
    expect(await loaded(parsed(KEY))).toEqual([expect.stringContaining("SPOOL")]);
  });

  it("counts against the size of the mail, all together", async () => {
    const size = LIMITS.contentOctets * 0.5;
    expect(await loaded(parsed(KEY), store(FILE, size))).not.toBeInstanceOf(Array);
    expect(await loaded(parsed(KEY, KEY), store(FILE, size))).toEqual([
      `/attachments/1/r2Key With it the content is larger than ${LIMITS.contentOctets} octets.`,
    ]);
  });

  it("that is a message is written as it is, or refused", async () => {
    const message = { ...KEY, type: "message/rfc822" };
    const eml = new TextEncoder().encode("From: a@example.com\n\nü\n");
    const mail = await loaded(parsed(message), store(eml));
    if (Array.isArray(mail)) throw new Error(mail.join());
    const { content, eightBit } = compose(mail);
    expect(eightBit).toBe(true);
    expect(new TextDecoder().decode(await wholeOf(content))).toContain(
      "\r\n\r\nFrom: a@example.com\r\n\r\nü\r\n",
    );
    expect(await loaded(parsed(message), store(new Uint8Array(3)))).toEqual([
      expect.stringContaining("/attachments/0/type"),
    ]);
  });

  it("waits in a queue as its key", () => {
    expect(serialiseMail(parsed(KEY))).toMatchObject({ attachments: [{ r2Key: KEY.r2Key }] });
  });

  it.each([
    ["both", { ...KEY, content: "AAAA" }, "r2Key"],
    ["an empty key", { r2Key: "" }, "r2Key"],
    ["a long key", { r2Key: "x".repeat(1025) }, "r2Key"],
    ["a key of Postrider's own", { r2Key: "postrider/mails/1" }, "r2Key"],
    ["a number", { r2Key: 1 }, "r2Key"],
    ["a negative size", { ...KEY, size: -1 }, "size"],
    ["another size", { content: "AAAA", size: 4 }, "size"],
  ])("is refused: %s", (_, attachment, name) => {
    expect(problemsOf({ ...HELLO, attachments: [attachment] })).toEqual([
      expect.stringContaining(`/attachments/0/${name} `),
    ]);
  });
});
