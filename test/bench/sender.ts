/**
 * The part of a sending process that is the same in workerd and in Node: takes a command over HTTP,
 * sends the mails, answers at the last final reply, and hangs up afterwards.
 */
import type { Answer, Batch, Command } from "./command.ts";
import { sendBy, type Peer } from "./peer.ts";
import { attachmentOf, samples } from "./sample.ts";

export interface Handled {
  readonly answer: Answer;
  /** Settles when the peer has hung up. */
  readonly leaving?: Promise<void>;
}

/** `/prepare` makes the attachment of a command beforehand, `/run` sends, the rest answers only. */
export function senderFor(peer: Peer): (path: string, body: string) => Promise<Handled> {
  let prepared: { readonly octets: number; readonly content: Uint8Array | string } | undefined;

  const attachment = ({ attachmentOctets }: Batch): Uint8Array | string | undefined => {
    if (attachmentOctets === 0) return undefined;
    if (prepared?.octets !== attachmentOctets) {
      const octets = attachmentOf(attachmentOctets);
      const content = peer.takes === "octets" ? octets : base64Of(octets);
      prepared = { octets: attachmentOctets, content };
    }
    return prepared.content;
  };

  return async (path, body) => {
    if (path !== "/run" && path !== "/prepare") return { answer: { ok: true } };
    const command = JSON.parse(body) as Command;
    const mails = samples(command, attachment(command));
    if (path === "/prepare") return { answer: { ok: true } };
    const { mode, port, security } = command;
    try {
      const leave = await sendBy(peer, mode, { relay: { port, security }, mails });
      return { answer: { ok: true }, leaving: leave().catch(() => undefined) };
    } catch (error) {
      return { answer: { ok: false, reason: String(error) } };
    }
  };
}

/** One flat string: a peer that must flatten it first would pay for what the benchmark did. */
function base64Of(octets: Uint8Array): string {
  const step = 3 * 8192;
  const encoded = new Uint8Array(Math.ceil(octets.length / 3) * 4);
  const encoder = new TextEncoder();
  for (let at = 0; at < octets.length; at += step) {
    const piece = btoa(String.fromCharCode(...octets.subarray(at, at + step)));
    encoder.encodeInto(piece, encoded.subarray((at / 3) * 4));
  }
  return new TextDecoder("latin1").decode(encoded);
}
