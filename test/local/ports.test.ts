import { once } from "node:events";
import { createServer } from "node:net";
import type { Server } from "node:net";

import { afterEach, expect, it } from "vitest";

import { choosePort, freePort, PortError } from "./ports.ts";

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(
    servers.splice(0).map(async (server) => {
      server.close();
      await once(server, "close");
    }),
  );
});

it("takes the usual port without a word where it is free", async () => {
  const usual = await freePort();
  expect(await choosePort(wish(usual), {})).toEqual({ port: usual });
});

it("takes another and says so where the usual one is in use", async () => {
  const usual = await usedPort();
  const choice = await choosePort(wish(usual), { PORT: "" });
  expect(choice.port).not.toBe(usual);
  expect(choice.notice).toBe(
    `Port ${usual} is in use, so the Worker is on ${choice.port} (PORT=… picks another).`,
  );
});

it("does not promise one port twice", async () => {
  const usual = await freePort();
  expect((await choosePort(wish(usual), {}, [usual])).port).not.toBe(usual);
});

it("takes the port that the environment names", async () => {
  const port = await freePort();
  expect(await choosePort(wish(8787), { PORT: String(port) })).toEqual({ port });
});

it("refuses to replace a port that the environment insists on", async () => {
  const port = await usedPort();
  const choice = choosePort(wish(8787), { PORT: String(port) });
  await expect(choice).rejects.toThrow(PortError);
  await expect(choice).rejects.toThrow(`Port ${port}, asked for by PORT, is in use.`);
});

it.each(["0", "65536", "80a", "-1", "8787.5"])("refuses %s as a port", async (text) => {
  await expect(choosePort(wish(8787), { PORT: text })).rejects.toThrow(
    `PORT=${text} is not a port (1 to 65535).`,
  );
});

function wish(usual: number): Parameters<typeof choosePort>[0] {
  return { name: "Worker", variable: "PORT", usual };
}

async function usedPort(): Promise<number> {
  const port = await freePort();
  const server = createServer();
  servers.push(server);
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return port;
}
