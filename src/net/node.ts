/**
 * A Connection over node:net and node:tls, for the library in Node, Deno and Bun. The certificate is
 * checked against the host that was dialled; there is no switch to leave that out.
 */
import * as net from "node:net";
import * as tls from "node:tls";

import type { Connect, Connection } from "./connection.ts";

/** Dials through the operating system. */
export const connect: Connect = async ({ host, port }, { signal }) => {
  const socket = net.connect({ host, port, noDelay: true, signal });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return new NodeConnection(socket, host);
};

class NodeConnection implements Connection {
  readonly #host: string;
  #socket: net.Socket;
  #error: Error | undefined;

  constructor(socket: net.Socket, host: string) {
    this.#host = host;
    this.#socket = socket;
    this.#watch(socket);
  }

  async read(): Promise<Uint8Array | undefined> {
    const socket = this.#socket;
    for (;;) {
      const chunk = socket.read() as Uint8Array | null; // Bytes: no encoding is ever set.
      if (chunk !== null) return chunk;
      if (this.#error !== undefined) throw this.#error;
      if (socket.readableEnded || socket.destroyed) return undefined;
      await nextChange(socket);
    }
  }

  async write(octets: Uint8Array): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#socket.write(octets, (error) => (error ? reject(error) : resolve()));
    });
  }

  async startTls(): Promise<void> {
    const secure = tls.connect({
      socket: this.#socket,
      host: this.#host,
      servername: this.#host,
      minVersion: "TLSv1.2",
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
      rejectUnauthorized: true,
    });
    this.#socket = secure;
    this.#watch(secure);
    await new Promise<void>((resolve, reject) => {
      secure.once("secureConnect", resolve);
      secure.once("error", reject);
      secure.once("close", () => reject(new Error("the connection closed during the handshake")));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Without a listener an error would end the process; it is told to the next read. */
  #watch(socket: net.Socket): void {
    socket.on("error", (error) => {
      this.#error ??= error;
    });
  }
}

/** Resolves when there is something new to see on a paused stream; leaves no listener behind. */
async function nextChange(socket: net.Socket): Promise<void> {
  const events = ["readable", "end", "error", "close"];
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      for (const event of events) socket.off(event, settle);
      resolve();
    };
    for (const event of events) socket.on(event, settle);
  });
}
