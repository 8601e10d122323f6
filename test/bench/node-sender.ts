/** A sender as a process of Node, on the port that is its first argument; ends with its standard input. */
import { createServer } from "node:http";
import { text } from "node:stream/consumers";

import type { Peer } from "./peer.ts";
import { senderFor } from "./sender.ts";

export function serve(peer: Peer): void {
  const sender = senderFor(peer);
  process.stdin.resume().on("end", () => process.exit(0));
  createServer((request, response) => {
    void text(request)
      .then((body) => sender(request.url ?? "", body))
      .then(({ answer }) => response.end(JSON.stringify(answer)));
  }).listen(Number(process.argv[2]), "127.0.0.1");
}
