/**
 * The sink, a process of its own: SMTP ports with and without CHUNKING, and a control port that tells
 * what is wrong with what arrived. Prints its ports as one line of JSON; ends with its standard input.
 */
import { createServer as createHttpServer, type IncomingMessage } from "node:http";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "node:stream/consumers";

import { certificate } from "../local/certificates.ts";
import type { Batch } from "./command.ts";
import { serveSink } from "./sink-session.ts";
import { problemsOf, type Arrived } from "./tally.ts";

/** SMTP ports by what they speak; the last two do not offer CHUNKING. */
export interface SinkPorts {
  readonly control: number;
  readonly starttls: number;
  readonly tls: number;
  readonly starttlsUnchunked: number;
}

/** More than a QUIT takes over the slowest link. */
const LEAVE_TIMEOUT_MS = 3_000;

/** Serves until the process ends. */
export async function startSink(): Promise<SinkPorts> {
  const secureContext = createSecureContext(certificate("good"));
  const sockets = new Set<Socket>();
  let arrived: Arrived[] = [];
  const smtp = async (isImplicitTls: boolean, hasChunking: boolean): Promise<number> => {
    const onMail = (mail: Arrived): void => void arrived.push(mail);
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
      serveSink(socket, { isImplicitTls, hasChunking, secureContext, onMail });
    });
    return listening(server);
  };
  const check = async (request: IncomingMessage): Promise<readonly string[]> => {
    const batch = JSON.parse(await text(request)) as Batch;
    for (let waited = 0; sockets.size > 0 && waited < LEAVE_TIMEOUT_MS; waited += POLL_MS) {
      await sleep(POLL_MS);
    }
    for (const socket of sockets) socket.destroy();
    const mails = arrived;
    arrived = [];
    return problemsOf(batch, mails);
  };
  const control = createHttpServer((request, response) => {
    void check(request).then((problems) => response.end(JSON.stringify(problems)));
  });
  return {
    control: await listening(control),
    starttls: await smtp(false, true),
    tls: await smtp(true, true),
    starttlsUnchunked: await smtp(false, false),
  };
}

const POLL_MS = 5;

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

if (import.meta.main) {
  process.stdin.resume().on("end", () => process.exit(0));
  console.log(JSON.stringify(await startSink()));
}
