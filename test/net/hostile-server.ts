/**
 * A relay that behaves until a stage of the conversation, and then does not: it falls silent, closes,
 * resets, drips, injects. It keeps what it read, in the clear and over TLS, so that a test can tell what
 * was given away. Bound to 127.0.0.1.
 */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

import { certificate } from "../local/certificates.ts";
import type { Behaviour, HostileStage, Received } from "./behaviour.ts";

export interface HostileServer {
  readonly port: number;
  /** One entry per connection. */
  readonly received: readonly Received[];
  close(): Promise<void>;
}

export async function startHostileServer(behaviour: Behaviour): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const received: Received[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    const record = { clear: "", secure: "" };
    received.push(record);
    new HostileSession(socket, behaviour, record).begin();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    received,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class HostileSession {
  readonly #behaviour: Behaviour;
  readonly #record: Received;
  readonly #raw: Socket;
  #socket: Socket;
  #line = "";
  #secure = false;
  #inContent = false;
  #mails = 0;
  #misbehaved = false;

  constructor(socket: Socket, behaviour: Behaviour, record: Received) {
    this.#raw = socket;
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#record = record;
  }

  begin(): void {
    if (this.#behaviour.implicit === true) {
      this.#swap(() => this.#greet());
      return;
    }
    this.#listen();
    this.#greet();
  }

  #greet(): void {
    this.#reply("greeting", "220 localhost ESMTP");
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => {
      this.#record[this.#secure ? "secure" : "clear"] += chunk.toString("latin1");
      // Not with the 354, in one chunk: that would be another kind of fault.
      if (this.#inContent && this.#misbehaves("content")) {
        if (!this.#misbehaved) this.#misbehave("552 5.3.4 Too big");
        this.#misbehaved = true;
        return;
      }
      this.#line += chunk.toString("latin1");
      for (let end = this.#line.indexOf("\r\n"); end !== -1; end = this.#line.indexOf("\r\n")) {
        const line = this.#line.slice(0, end);
        this.#line = this.#line.slice(end + 2);
        this.#take(line);
      }
    });
  }

  #take(line: string): void {
    if (this.#inContent) {
      if (line !== ".") return;
      this.#inContent = false;
      this.#mails += 1;
      this.#reply("final-dot", "250 2.0.0 Taken");
      if (this.#mails === this.#behaviour.mails) this.#socket.end();
      return;
    }
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO") {
      const offers = this.#secure ? "250 AUTH PLAIN" : "250 STARTTLS";
      this.#reply(this.#secure ? "ehlo-tls" : "ehlo", `250-localhost\r\n${offers}`);
    } else if (verb === "STAR") this.#startTls();
    else if (verb === "AUTH") this.#reply("auth", "235 2.7.0 OK");
    else if (verb === "MAIL") this.#reply("mail", "250 2.1.0 OK");
    else if (verb === "RCPT") this.#reply("rcpt", "250 2.1.5 OK");
    else if (verb === "DATA") {
      this.#inContent = true;
      if (this.#misbehaves("content") && this.#behaviour.what === "stop-reading") {
        this.#socket.pause();
      }
      this.#reply("data", "354 Go ahead");
    } else if (verb === "QUIT") {
      this.#reply("quit", "221 Bye");
      if (!this.#misbehaves("quit")) this.#socket.end();
    } else this.#socket.write("250 OK\r\n");
  }

  #startTls(): void {
    if (this.#behaviour.what === "inject" && this.#behaviour.at === "starttls") {
      this.#socket.write("220 Ready\r\n250-localhost\r\n250 AUTH PLAIN\r\n");
      return;
    }
    if (this.#misbehaves("starttls")) {
      this.#misbehave("454 4.7.0 Not now");
      return;
    }
    this.#socket.removeAllListeners("data");
    this.#socket.write("220 Ready\r\n");
    if (this.#misbehaves("tls")) {
      // Takes the ClientHello and never answers it, or goes away.
      this.#socket.once("data", () => this.#misbehave("no TLS"));
      return;
    }
    this.#swap(() => undefined);
  }

  #swap(then: () => void): void {
    this.#line = "";
    this.#secure = true;
    const name = this.#behaviour.certificate ?? "good";
    const secure = new TLSSocket(this.#socket, { isServer: true, ...certificate(name) });
    secure.on("error", () => undefined);
    this.#socket = secure;
    this.#listen();
    then();
  }

  #misbehaves(stage: HostileStage): boolean {
    return this.#behaviour.at === stage;
  }

  #reply(stage: HostileStage, reply: string): void {
    if (!this.#misbehaves(stage)) this.#socket.write(`${reply}\r\n`);
    else this.#misbehave(reply);
  }

  #misbehave(reply: string): void {
    switch (this.#behaviour.what) {
      case "eof":
        this.#socket.end();
        return;
      case "reset":
        this.#raw.resetAndDestroy();
        return;
      case "refuse":
        this.#socket.end("552 5.3.4 Not this\r\n");
        return;
      case "drip": {
        // An octet at a time, and never a line end: an idle timer would wait for ever.
        const timer = setInterval(() => this.#socket.write(reply.slice(0, 1)), 50);
        this.#socket.once("close", () => clearInterval(timer));
        return;
      }
      case "silence":
      case "inject":
      case "stop-reading":
      case undefined:
        return;
    }
  }
}
