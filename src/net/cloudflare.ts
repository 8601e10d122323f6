/**
 * A Connection over cloudflare:sockets, the only file that imports it. workerd wants both locks released
 * with no read pending before `startTls()`, and `close()` never awaited: it may not settle on a stuck
 * write, while connecting or during a hung handshake.
 */
import type { Connect, Connection } from "./connection.ts";

/** Dials through the Workers runtime. */
export const connect: Connect = async (address, { signal }) => {
  // On demand, so that bundlers for other platforms can leave it alone.
  const sockets = await import("cloudflare:sockets");
  signal.throwIfAborted();
  const socket = sockets.connect(
    { hostname: address.host, port: address.port },
    // Implicit TLS is a swap before the first octet: only so can a bad certificate be told from a
    // refused connection.
    { secureTransport: "starttls", allowHalfOpen: false },
  );
  const connection = new SocketConnection(socket);
  await Promise.race([socket.opened, endOf(socket), aborted(signal)]).catch((error: unknown) => {
    connection.close();
    throw error;
  });
  return connection;
};

class SocketConnection implements Connection {
  #socket: Socket;
  #reader: ReadableStreamDefaultReader<Uint8Array>;
  #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor(socket: Socket) {
    this.#socket = silenced(socket);
    this.#reader = socket.readable.getReader();
    this.#writer = socket.writable.getWriter();
  }

  async read(): Promise<Uint8Array | undefined> {
    const { done, value } = await this.#reader.read();
    return done ? undefined : value;
  }

  async write(octets: Uint8Array): Promise<void> {
    await this.#writer.write(octets);
  }

  async startTls(): Promise<void> {
    this.#reader.releaseLock();
    this.#writer.releaseLock();
    // No options: the certificate is checked against the name that was dialled, and the option that
    // names another is ignored on the edge.
    this.#socket = silenced(this.#socket.startTls());
    this.#reader = this.#socket.readable.getReader();
    this.#writer = this.#socket.writable.getWriter();
    // Which of the two a bad certificate settles depends on the version of the runtime.
    await Promise.race([this.#socket.opened, endOf(this.#socket)]);
  }

  close(): void {
    const ignore = (): void => undefined;
    // A stuck write would hold `close()` back for ever.
    void this.#writer.abort().catch(ignore);
    void this.#socket.close().catch(ignore);
  }
}

/** The promises of a socket reject on their own time; what they say shows in reads and writes too. */
function silenced(socket: Socket): Socket {
  const ignore = (): void => undefined;
  socket.opened.catch(ignore);
  socket.closed.catch(ignore);
  return socket;
}

/** Rejects when the socket closes before it is open. */
async function endOf(socket: Socket): Promise<never> {
  await socket.closed;
  throw new Error("the connection was closed at once");
}

async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as unknown), { once: true });
  });
}
