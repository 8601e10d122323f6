/** Everything a measurement needs: the sink, links of every length to it, and the senders. */
import { once } from "node:events";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";

import { senderBundle } from "./bundle.ts";
import type { Answer, Batch, Command, Mode, Security } from "./command.ts";
import type { Contender } from "./contender.ts";
import type { Link } from "./delay-proxy.ts";
import { median } from "./finding.ts";
import { startBundle, startFile, type Program } from "./program.ts";
import type { SinkPorts } from "./sink.ts";
import { cpuMs } from "./usage.ts";

export interface Order extends Partial<Omit<Batch, "run">> {
  readonly mode: Mode;
  /** Absent for `starttls`. */
  readonly security?: Security;
  /** Without CHUNKING, over STARTTLS. */
  readonly isUnchunked?: boolean;
  /** Milliseconds of the link; absent for none. */
  readonly rttMs?: Rtt;
}

export interface Sample {
  readonly elapsedMs: number;
  /** Of the sending process. */
  readonly cpuMs: number;
}

/** Round-trip times of the links there are. */
const RTTS_MS = [4, 16, 60, 120] as const;
export type Rtt = (typeof RTTS_MS)[number];

/** Round trips by which a link is measured; and how long that may last. */
const PINGS = 25;
const PINGS_MS = 500;

type SinkPort = "starttls" | "tls" | "starttlsUnchunked";

/** Mails arrived that were not asked for, or not as asked for: no number of the run can be trusted. */
export class MismatchError extends Error {}

export class Lab {
  /** Why there is no number, by contender: what the peer said. */
  readonly reasons = new Set<string>();
  readonly #bundles = new Map<Contender, Promise<string>>();
  readonly #senders = new Map<Contender, Program>();
  readonly #ports: SinkPorts;
  readonly #links: ReadonlyMap<string, number>;
  #runs = 0;

  private constructor(ports: SinkPorts, links: ReadonlyMap<string, number>) {
    this.#ports = ports;
    this.#links = links;
  }

  static async open(): Promise<Lab> {
    const ports = (await startFile("sink.ts")) as SinkPorts;
    const names = (["starttls", "tls", "starttlsUnchunked"] satisfies SinkPort[]).flatMap((port) =>
      RTTS_MS.map((rttMs) => ({ port, rttMs })),
    );
    const links = names.map(({ port, rttMs }): Link => ({ target: ports[port], rttMs }));
    const dialled = (await startFile("delay-proxy.ts", JSON.stringify(links))) as number[];
    const entries = names.map(({ port, rttMs }, index): [string, number] => [
      `${port} ${rttMs}`,
      dialled[index] ?? 0,
    ]);
    return new Lab(ports, new Map(entries));
  }

  /** A process of its own, for the caller to stop. */
  async start(contender: Contender): Promise<Program> {
    const bundle = this.#bundles.get(contender) ?? senderBundle(contender);
    this.#bundles.set(contender, bundle);
    return startBundle(await bundle, contender.runtime);
  }

  /** Sends, by a process that is kept for all; undefined, with a reason, where the peer cannot. */
  async measure(contender: Contender, order: Order): Promise<Sample | undefined> {
    const kept = this.#senders.get(contender) ?? (await this.start(contender));
    this.#senders.set(contender, kept);
    return this.measureIn(kept, contender, order);
  }

  async measureIn(
    program: Program,
    contender: Contender,
    order: Order,
  ): Promise<Sample | undefined> {
    const command = this.commandOf(order);
    const cpuBefore = cpuMs(program.pid);
    const begun = performance.now();
    const answer = (await program.ask("/run", command)) as Answer;
    const elapsedMs = performance.now() - begun;
    const cpuAfter = cpuMs(program.pid);
    const problems = await this.#check(command);
    if (!answer.ok) {
      const { mode, security, recipients } = command;
      const what = `${mode}, ${security}, ${recipients} recipients`;
      this.reasons.add(`${contender.label} (${what}): ${answer.reason ?? "failed"}`);
      if (contender.peer === "postrider") throw new MismatchError(answer.reason);
      return undefined;
    }
    if (problems.length > 0) {
      throw new MismatchError(
        [`${contender.label}, ${JSON.stringify(order)}`, ...problems].join("\n"),
      );
    }
    return { elapsedMs, cpuMs: cpuAfter - cpuBefore };
  }

  /** What a round trip over the link really takes, timers and all. */
  async roundTripMs(rttMs: Rtt): Promise<number> {
    const port = this.#links.get(`starttls ${rttMs}`) ?? 0;
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    await once(socket, "data");
    const trips: number[] = [];
    const until = performance.now() + PINGS_MS;
    while (trips.length < PINGS && performance.now() < until) {
      const begun = performance.now();
      socket.write("NOOP\r\n");
      await once(socket, "data");
      trips.push(performance.now() - begun);
    }
    socket.destroy();
    return median(trips) ?? rttMs;
  }

  /** The order with its port and a name of its own. */
  commandOf({ rttMs, isUnchunked, ...order }: Order): Command {
    const security = order.security ?? "starttls";
    const port: SinkPort = isUnchunked === true ? "starttlsUnchunked" : security;
    this.#runs += 1;
    return {
      count: 1,
      recipients: 1,
      textOctets: 1_000,
      htmlOctets: 0,
      attachmentOctets: 0,
      ...order,
      security,
      run: `run ${this.#runs}`,
      port: rttMs === undefined ? this.#ports[port] : (this.#links.get(`${port} ${rttMs}`) ?? 0),
    };
  }

  async #check(command: Command): Promise<readonly string[]> {
    const url = `http://127.0.0.1:${this.#ports.control}/check`;
    const answer = await fetch(url, { method: "POST", body: JSON.stringify(command) });
    return (await answer.json()) as string[];
  }
}
