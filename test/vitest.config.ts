/**
 * Two projects: `node` (units, transcripts, the Node connection, the local relay) and `workerd` (the
 * Worker and cloudflare:sockets), both against real servers on loopback.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

import { writeCaBundle } from "./local/certificates.ts";

// miniflare reads this once, when it is imported: hence the import below, which must come after it.
const bundle = mkdtempSync(join(tmpdir(), "postrider-ca-"));
process.once("exit", () => rmSync(bundle, { recursive: true, force: true }));
process.env["NODE_EXTRA_CA_CERTS"] = writeCaBundle(bundle);
const { cloudflareTest, readD1Migrations } = await import("@cloudflare/vitest-pool-workers");

/** miniflare's own name for the Worker that is bound to itself. */
const kCurrentWorker = Symbol.for("miniflare.kCurrentWorker");

const root = fileURLToPath(new URL("..", import.meta.url));
const globalSetup = ["test/net/relays.ts"];
const migrations = await readD1Migrations(join(root, "src/store/migrations"));

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        resolve: { alias: { "#connect": join(root, "src/net/node.ts") } },
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          // Those of real relays need one installed: `npm run test:relays`.
          exclude: ["test/workerd/**", "test/relays/**", "node_modules/**"],
          globalSetup,
          testTimeout: 20_000,
        },
      },
      {
        root,
        resolve: { alias: { "#connect": join(root, "src/net/cloudflare.ts") } },
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // Bindings that a deployment may have, and the configuration leaves out.
            miniflare: {
              bindings: { TEST_MIGRATIONS: migrations },
              r2Buckets: ["SPOOL"],
              serviceBindings: { EMAIL: { name: kCurrentWorker, entrypoint: "Mailer" } },
              d1Databases: { NOT_MIGRATED: "not-migrated" },
              durableObjects: {
                RELAY_SESSIONS: { className: "RelaySessions", useSQLite: true },
              },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: ["test/workerd/**/*.test.ts"],
          globalSetup,
          setupFiles: ["test/workerd/store/migrate.ts"],
          testTimeout: 20_000,
        },
      },
    ],
  },
});
