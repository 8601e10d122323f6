/** The tests that mutants are run against: those of the core and of the message, and nothing that talks. */
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  root,
  test: {
    include: ["test/{smtp,mail}/**/*.test.ts", "test/net/session.test.ts"],
    testTimeout: 10_000,
  },
});
