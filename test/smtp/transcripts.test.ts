/** Every transcript, three ways: a line a chunk, all pending lines in one, an octet a chunk. */
import { readdirSync, readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import {
  CHUNKINGS,
  Driver,
  parseTranscript,
  rechunk,
  summary,
  type Chunking,
} from "./transcript.ts";

const FOLDER = new URL("../transcripts/", import.meta.url);
const FILES = readdirSync(FOLDER).toSorted();

describe.each(FILES)("%s", (file) => {
  const text = readFileSync(new URL(file, FOLDER), "utf8");

  it("opens with the rule", () => {
    expect(text).toMatch(/^# \S/);
  });

  // What was injected comes with the 220, or it is not an injection but a handshake that fails.
  const isAboutChunks = /^S[+~] /m.test(text);
  it.each(CHUNKINGS.filter((chunking) => !isAboutChunks || chunking !== "octet"))(
    "holds, chunked by %s",
    (chunking) => run(text, chunking),
  );
});

function run(text: string, chunking: Chunking): void {
  const { setting, steps } = parseTranscript(text);
  const driver = new Driver(setting);
  let told = 0;
  for (const step of steps) {
    switch (step.type) {
      case "server":
        for (const chunk of rechunk(step.chunks, chunking)) driver.receive(chunk);
        break;
      case "client":
        expect(driver.written).toBe(step.text);
        driver.written = "";
        break;
      case "event":
        driver.event(step.name);
        break;
      case "outcome": {
        const outcome = driver.outcomes[told];
        told += 1;
        expect(outcome && summary(outcome)).toMatchObject(step.expected);
        break;
      }
    }
  }
  expect(driver.written, "octets after the last line").toBe("");
  expect(driver.outcomes).toHaveLength(told);
  expect(JSON.stringify([driver.outcomes, driver.dialogue.transcript])).not.toContain("s3cret");
  expect(JSON.stringify(driver.outcomes)).not.toContain("czNjcmV0");
}
