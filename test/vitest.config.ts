/**
 * Two projects: `node` (pure units, transcripts, the Node connection) and `workerd` (everything that
 * touches cloudflare:sockets or the Worker's bindings), both against real servers on loopback.
 */
import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**", "node_modules/**"],
        },
      },
    ],
  },
});
