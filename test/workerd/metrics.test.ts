/** What METRICS is told of each attempt, whichever way the mail came in. */
import { describe, expect, it } from "vitest";

import type { Env } from "../../src/env.ts";
import { ports } from "../net/control.ts";
import { one, queued } from "./consume.ts";
import { mailer, posting } from "./rpc-calls.ts";
import { mail, post, vars } from "./worker-calls.ts";

/** The binding, and what was written to it. */
function dataset(): {
  readonly METRICS: NonNullable<Env["METRICS"]>;
  readonly points: AnalyticsEngineDataPoint[];
} {
  const points: AnalyticsEngineDataPoint[] = [];
  const METRICS = { writeDataPoint: (point: AnalyticsEngineDataPoint) => points.push(point) };
  return { METRICS, points };
}

describe("a data point", () => {
  it("tells of a mail that was accepted", async () => {
    const { METRICS, points } = dataset();
    await post("/emails", mail({ to: ["bob@example.org", "eve@example.org"], text: "12345" }), {
      env: vars({ METRICS }),
    });
    const relay = `localhost:${ports().starttls}`;
    expect(points).toStrictEqual([
      {
        indexes: [relay],
        blobs: ["accepted", "", "", relay, "250", "", "http", "accepted"],
        doubles: [expect.any(Number), 2, 5, 1],
      },
    ]);
  });

  it("tells of a failure by cause, stage and code, and no address", async () => {
    const { METRICS, points } = dataset();
    await post("/emails", mail({ to: "later@example.org" }), { env: vars({ METRICS }) });
    const relay = `localhost:${ports().starttls}`;
    expect(points).toMatchObject([
      { blobs: ["deferred", "reply", "rcpt", relay, "451", "4.2.1", "http", "failed"] },
    ]);
    expect(JSON.stringify(points)).not.toContain("@");
  });

  it("names the way in", async () => {
    const { METRICS, points } = dataset();
    await mailer(vars({ METRICS })).send(posting());
    await one(queued(), vars({ METRICS }));
    expect(points.map(({ blobs = [] }) => blobs[6])).toStrictEqual(["rpc", "queue"]);
  });

  it("that is not taken costs no mail", async () => {
    const METRICS = {
      writeDataPoint: () => {
        throw new Error("too many");
      },
    } as NonNullable<Env["METRICS"]>;
    expect((await post("/emails", mail(), { env: vars({ METRICS }) })).status).toBe(200);
  });
});
