/**
 * A link to a relay that breaks by chance: each connection is cut after so many octets, wherever that is,
 * and some fall silent there instead. While the link is down, no connection comes about.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

import type { Random } from "./random.ts";

export interface ChaosProxy {
  readonly port: number;
  /** How connections ended. */
  readonly tally: { connections: number; cut: number; silenced: number };
  /** Cuts every connection, and refuses new ones until it is up again. */
  setDown(isDown: boolean): void;
  /** From now on nothing breaks. */
  calm(): void;
  close(): Promise<void>;
}

/** The octets of both ways together after which a connection breaks, on average. */
const MEAN_OCTETS = 40_000;
const SILENCE_SHARE = 0.1;

export async function startChaosProxy(target: number, random: Random): Promise<ChaosProxy> {
  const tally = { connections: 0, cut: 0, silenced: 0 };
  const sockets = new Set<Socket>();
  let isDown = false;
  let isCalm = false;
  const server = createServer({ noDelay: true }, (client) => {
    if (isDown) {
      client.on("error", () => {});
      client.destroy();
      return;
    }
    tally.connections += 1;
    const relay = connect({ port: target, host: "127.0.0.1", noDelay: true });
    const silently = random() < SILENCE_SHARE;
    let left = isCalm ? Number.POSITIVE_INFINITY : -Math.log(1 - random()) * MEAN_OCTETS;
    let isSilent = false;
    const pass = (from: Socket, to: Socket): void => {
      sockets.add(from);
      from.on("data", (chunk: Buffer) => {
        if (isSilent) return;
        to.write(left < chunk.length ? chunk.subarray(0, Math.floor(left)) : chunk);
        left -= chunk.length;
        if (left > 0) return;
        if (silently) {
          isSilent = true;
          tally.silenced += 1;
          return;
        }
        tally.cut += 1;
        // What was written before must arrive: that is where it gets interesting.
        to.end();
        from.end();
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroySoon();
      });
    };
    pass(client, relay);
    pass(relay, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    tally,
    setDown(down) {
      isDown = down;
      if (down) for (const socket of sockets) socket.destroy();
    },
    calm() {
      isCalm = true;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
