/**
 * What a conversation needs of a platform: a byte stream that can be swapped for TLS in place. Each
 * implementation is one thin file; a test may bring its own.
 */

export interface Connection {
  /** The next octets, or undefined at the end of the stream. One read at a time. */
  read(): Promise<Uint8Array | undefined>;
  /** Resolves when the platform can take more: backpressure is the caller's to await. */
  write(octets: Uint8Array): Promise<void>;
  /**
   * Swaps the stream for TLS, the certificate checked against the host that was dialled. No read may
   * be pending. May resolve before the handshake is done; then a failure shows as an end of stream.
   */
  startTls(): Promise<void>;
  /** Lets go of the stream at once, whatever is pending on it. Never throws, never waits. */
  close(): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Resolves when the TCP connection stands, in the clear; rejects where it does not. A signal that
 * aborts gives up and leaves nothing open.
 */
export type Connect = (
  address: Address,
  options: { readonly signal: AbortSignal },
) => Promise<Connection>;
