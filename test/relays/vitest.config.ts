/**
 * `npm run test:relays`: the matrix against real mail servers. Not part of `npm test`, since it needs what
 * `test/relays/install.sh` installs, and root.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

import { writeCaBundle } from "../local/certificates.ts";

// Node reads this when it starts, so the tests must run in processes of their own: hence `forks`.
const folder = mkdtempSync(join(tmpdir(), "postrider-ca-"));
process.env["NODE_EXTRA_CA_CERTS"] = writeCaBundle(folder);
process.once("exit", () => rmSync(folder, { recursive: true, force: true }));

const root = fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  root,
  test: {
    name: "relays",
    include: ["test/relays/**/*.test.ts"],
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
