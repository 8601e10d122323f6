/** Ports of 127.0.0.1: the usual one where it is free, another where it is not and nobody insisted. */
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";

export interface PortWish {
  /** What listens there, for messages. */
  readonly name: string;
  /** The environment variable that insists on a port. */
  readonly variable: string;
  readonly usual: number;
}

export interface PortChoice {
  readonly port: number;
  /** What to tell the user, where it is not the port they would expect. */
  readonly notice?: string;
}

/** A port that somebody insisted on cannot be had. The message is for the user. */
export class PortError extends Error {}

/** How far from the usual port a neighbour is still easy to recognise. */
const NEIGHBOURS = 20;

/**
 * The port to use: what the environment insists on, else the usual one, else a free neighbour of it.
 * `taken` are ports promised to others that do not listen yet.
 */
export async function choosePort(
  wish: PortWish,
  environment: Readonly<Record<string, string | undefined>>,
  taken: readonly number[] = [],
): Promise<PortChoice> {
  const isFree = async (port: number) => !taken.includes(port) && (await canListen(port));
  const asked = environment[wish.variable];
  if (asked !== undefined && asked !== "") {
    const port = Number(asked);
    if (!/^\d+$/.test(asked) || port < 1 || port > 65535) {
      throw new PortError(`${wish.variable}=${asked} is not a port (1 to 65535).`);
    }
    if (await isFree(port)) return { port };
    throw new PortError(
      `Port ${port}, asked for by ${wish.variable}, is in use. Stop what listens there, or leave ` +
        `${wish.variable} out and a free port is chosen.`,
    );
  }
  for (let port = wish.usual; port <= wish.usual + NEIGHBOURS; port += 1) {
    if (!(await isFree(port))) continue;
    if (port === wish.usual) return { port };
    return { port, notice: noticeOf(wish, port) };
  }
  const port = await freePort();
  return { port, notice: noticeOf(wish, port) };
}

/** Any free port. Another process may take it before it is used, though the system avoids that. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // `address()` is an AddressInfo for a listener on TCP.
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function noticeOf(wish: PortWish, port: number): string {
  return `Port ${wish.usual} is in use, so the ${wish.name} is on ${port} (${wish.variable}=… picks another).`;
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    server.close();
    await once(server, "close");
    return true;
  } catch {
    // In use, or below 1024 and not ours to take: no use to us either way.
    return false;
  }
}
