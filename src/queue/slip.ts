/** A message of a batch, which is settled once: with ack or with retry, whichever comes first. */

export class Slip {
  readonly #message: Message;
  #isSettled = false;

  constructor(message: Message) {
    this.#message = message;
  }

  get id(): string {
    return this.#message.id;
  }

  get timestamp(): Date {
    return this.#message.timestamp;
  }

  /** Deliveries of the message, this one included. */
  get attempts(): number {
    return this.#message.attempts;
  }

  get body(): unknown {
    return this.#message.body;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  ack(): void {
    if (this.#settle()) this.#message.ack();
  }

  retry(delaySeconds: number): void {
    if (this.#settle()) this.#message.retry({ delaySeconds });
  }

  #settle(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    return isFirst;
  }
}
