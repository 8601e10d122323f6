/** A TCP link to a relay that stops for a while in the middle of a mail. It passes octets, TLS and all. */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface SlowLink {
  readonly port: number;
  /** Called once when this many octets of a connection have passed; the link then rests. */
  onMiddle: { readonly octets: number; readonly call: () => void } | undefined;
  /** Connections so far. */
  readonly connections: number;
  close(): void;
}

/** Long enough for a client that hangs up to be noticed, far below the 30 s of waitUntil. */
const REST_MS = 1500;

/** Passes on to `target`, a port on loopback. */
export async function startSlowLink(target: number): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const relay = connect(target, "127.0.0.1");
    for (const socket of [client, relay]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    client.on("end", () => relay.end());
    client.on("close", () => relay.destroy());
    relay.pipe(client);
    let octets = 0;
    client.on("data", (chunk: Buffer) => {
      octets += chunk.length;
      relay.write(chunk);
      const middle = link.onMiddle;
      if (middle === undefined || octets < middle.octets) return;
      link.onMiddle = undefined;
      client.pause();
      setTimeout(() => client.resume(), REST_MS);
      middle.call();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const link: SlowLink = {
    port: (server.address() as AddressInfo).port,
    onMiddle: undefined,
    get connections() {
      return connections;
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
  return link;
}
