/**
 * A link with a round-trip time, a process of its own: passes TCP on, each way after half the time, in
 * order. The TCP handshake counts as the one round trip that it is: the server hears of a connection
 * after 1.5 of them, as it would from afar. Bandwidth and windows have no limit. Ends with its standard
 * input.
 */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { performance } from "node:perf_hooks";

export interface Link {
  /** A port on loopback. */
  readonly target: number;
  readonly rttMs: number;
}

/** SYN, SYN-ACK, ACK: only then does a server accept. */
const HANDSHAKE_TRIPS = 1.5;

/** Serves until the process ends; the port to dial for each link. */
export async function startDelayProxy(links: readonly Link[]): Promise<readonly number[]> {
  return Promise.all(links.map(startLink));
}

async function startLink({ target, rttMs }: Link): Promise<number> {
  const server = createServer({ noDelay: true }, (client) => {
    const up = new DelayLine(rttMs / 2);
    up.holdUntil(performance.now() + rttMs * HANDSHAKE_TRIPS);
    const down = new DelayLine(rttMs / 2);
    up.push(() => {
      const relay = connect({ port: target, host: "127.0.0.1", noDelay: true });
      up.to = relay;
      pass(relay, down, client);
    });
    down.to = client;
    pass(client, up);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** What `from` sends goes onto the line; what ends one end ends the other. */
function pass(from: Socket, line: DelayLine, other?: Socket): void {
  from.on("data", (chunk: Buffer) => line.push(() => line.to?.write(chunk)));
  from.on("end", () => line.push(() => line.to?.end()));
  from.on("error", () => from.destroy());
  from.on("close", () => line.push(() => line.to?.destroySoon()));
  other?.on("close", () => from.destroySoon());
}

class DelayLine {
  to: Socket | undefined;
  readonly #delayMs: number;
  readonly #waiting: { readonly due: number; readonly deliver: () => void }[] = [];
  #earliest = 0;
  #isWaiting = false;

  constructor(delayMs: number) {
    this.#delayMs = delayMs;
  }

  /** Delivers nothing before. */
  holdUntil(time: number): void {
    this.#earliest = time;
  }

  push(deliver: () => void): void {
    const due = Math.max(performance.now() + this.#delayMs, this.#earliest);
    this.#waiting.push({ due, deliver });
    if (!this.#isWaiting) this.#wait();
  }

  #wait(): void {
    const next = this.#waiting[0]?.due ?? 0;
    this.#isWaiting = true;
    setTimeout(() => this.#deliver(), Math.max(0, next - performance.now()));
  }

  #deliver(): void {
    this.#isWaiting = false;
    for (;;) {
      const first = this.#waiting[0];
      if (first === undefined) return;
      if (first.due > performance.now()) break;
      this.#waiting.shift();
      first.deliver();
    }
    this.#wait();
  }
}

if (import.meta.main) {
  process.stdin.resume().on("end", () => process.exit(0));
  const links = JSON.parse(process.argv[2] ?? "[]") as readonly Link[];
  console.log(JSON.stringify(await startDelayProxy(links)));
}
