/** A secret shows nowhere, wherever a text is cut: what is cut is redacted before. */
import { describe, expect, it } from "vitest";

import { CREDENTIALS, Driver, summary } from "./transcript.ts";

const LENGTHS = [0, 60, 75, 79, 280, 295, 480, 495, 580, 595, 599, 980, 995, 999];

function afterTls(): Driver {
  const driver = new Driver({});
  driver.receive("220 x\r\n");
  driver.receive("250-x\r\n250 STARTTLS\r\n");
  driver.receive("220 Go\r\n");
  driver.event("tls");
  driver.receive("250-x\r\n250 AUTH PLAIN\r\n");
  return driver;
}

describe.each(LENGTHS)("an echo behind %s characters", (length) => {
  const before = "x".repeat(length);

  it.each([
    ["a refusal of AUTH", `535 5.7.8 ${before}`],
    ["421", `421 4.3.0 ${before}`],
    ["what is no reply", before],
  ])("in %s", (_, start) => {
    const driver = afterTls();
    driver.receive(`${start}${CREDENTIALS.password} AGFubkBleGFtcGxlLmNvbQBzM2NyZXQhIQ==\r\n`);
    const [outcome] = driver.outcomes;
    const told = JSON.stringify([outcome, outcome && summary(outcome), driver.dialogue.failure]);
    expect(told).not.toMatch(/s3cr|AGFubk|czNjc/);
    expect(driver.dialogue.failure?.message.length).toBeLessThan(700);
  });
});
