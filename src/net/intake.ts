/** What comes from the relay: one read at a time, whose result is kept until somebody takes it. */
import type { Connection } from "./connection.ts";
import type { Watch } from "./watch.ts";
import { wordsOf } from "./within.ts";

/** Octets, or the end of the stream with the platform's word for it. */
export type Arrival =
  | { readonly type: "octets"; readonly octets: Uint8Array }
  | { readonly type: "end"; readonly words: string | undefined };

export class Intake {
  readonly #connection: Connection;
  readonly #watch: Watch;
  #isReading = false;
  #arrival: Arrival | undefined;
  /** Ends the wait: something arrived, or there is something to write. */
  #resume: (() => void) | undefined;

  constructor(connection: Connection, watch: Watch) {
    this.#connection = connection;
    this.#watch = watch;
  }

  /** Begins to read, where nothing is there to be taken and no read is under way. */
  begin(): void {
    if (this.#isReading || this.#arrival !== undefined) return;
    this.#isReading = true;
    this.#connection.read().then(
      (octets) => this.#arrive(octets === undefined ? ended() : { type: "octets", octets }),
      (error: unknown) => this.#arrive(ended(wordsOf(error))),
    );
  }

  /** What has come, without waiting for it. */
  take(): Arrival | undefined {
    const arrival = this.#arrival;
    this.#arrival = undefined;
    return arrival;
  }

  /** Resolves when something has come, at `wake()`, or after so many milliseconds. */
  async wait(ms: number): Promise<"timeout" | "resumed"> {
    this.begin();
    if (this.#arrival !== undefined) return "resumed";
    const how = await new Promise<"timeout" | "resumed">((resolve) => {
      this.#resume = () => resolve("resumed");
      this.#watch.start(ms, () => resolve("timeout"));
    });
    this.#resume = undefined;
    this.#watch.stop();
    return how;
  }

  wake(): void {
    this.#resume?.();
  }

  #arrive(arrival: Arrival): void {
    this.#isReading = false;
    this.#arrival = arrival;
    this.#resume?.();
  }
}

function ended(words?: string): Arrival {
  return { type: "end", words };
}
