/**
 * One connection to the sink: an SMTP server that accepts everything as fast as it can. All replies to
 * what came in one read leave in one write. It keeps content as it came and looks at it only later.
 */
import type { Socket } from "node:net";
import { TLSSocket, type SecureContext } from "node:tls";

import { PASSWORD, USERNAME } from "./command.ts";
import type { Arrived } from "./tally.ts";

export interface SinkSettings {
  readonly isImplicitTls: boolean;
  /** Whether CHUNKING is announced (RFC 3030). */
  readonly hasChunking: boolean;
  readonly secureContext: SecureContext;
  readonly onMail: (mail: Arrived) => void;
}

/** Largest content that is announced; nothing is refused. */
const MAX_OCTETS = 100_000_000;
const FINAL_DOT = "\r\n.\r\n";
const LOGIN_QUESTIONS = ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"];

type Stage = "command" | "login" | "data" | "bdat" | "over";

/** Serves the socket until it closes. */
export function serveSink(socket: Socket, settings: SinkSettings): void {
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  const session = new SinkSession(socket, settings);
  if (settings.isImplicitTls) session.startTls(() => session.greet());
  else session.greet();
}

class SinkSession {
  readonly #settings: SinkSettings;
  #socket: Socket;
  #isSecure = false;
  #isAuthenticated = false;
  #stage: Stage = "command";
  #replies = "";
  /** The beginning of a line whose end has not come. */
  #rest: Buffer = EMPTY;
  #answers: string[] = [];
  #reversePath: string | undefined;
  #forwardPaths: string[] = [];
  #chunks: Buffer[] = [];
  /** The last octets of the content so far, where the final dot may begin. */
  #tail = "";
  #bdat = { left: 0, isLast: false };

  constructor(socket: Socket, settings: SinkSettings) {
    this.#socket = socket;
    this.#settings = settings;
    this.#listen();
  }

  greet(): void {
    this.#reply("220 sink ready");
    this.#flush();
  }

  startTls(onSecure?: () => void): void {
    this.#socket.removeAllListeners("data");
    const secure = new TLSSocket(this.#socket, {
      isServer: true,
      secureContext: this.#settings.secureContext,
    });
    secure.on("error", () => secure.destroy());
    if (onSecure !== undefined) secure.once("secure", onSecure);
    this.#socket = secure;
    this.#isSecure = true;
    this.#listen();
  }

  #listen(): void {
    this.#socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    let octets = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = EMPTY;
    while (octets.length > 0 && this.#stage !== "over") {
      if (this.#stage === "data") {
        octets = this.#takeData(octets);
      } else if (this.#stage === "bdat") {
        octets = this.#takeBdat(octets);
      } else {
        const end = octets.indexOf("\r\n");
        if (end === -1) {
          this.#rest = octets;
          break;
        }
        this.#command(octets.toString("latin1", 0, end));
        octets = octets.subarray(end + 2);
      }
    }
    this.#flush();
    if (this.#stage === "over") this.#socket.end();
  }

  #command(line: string): void {
    if (this.#stage === "login") {
      this.#login(line);
      return;
    }
    const [verb = "", ...rest] = line.split(" ");
    const argument = rest.join(" ");
    switch (verb.toUpperCase()) {
      case "EHLO":
        this.#reply(this.#extensions());
        return;
      case "STARTTLS":
        this.#reply("220 go ahead");
        this.#flush();
        this.startTls();
        return;
      case "AUTH":
        this.#authenticate(argument);
        return;
      case "MAIL":
        this.#mail(argument);
        return;
      case "RCPT":
        this.#forwardPaths.push(pathIn(argument));
        this.#reply("250 2.1.5 ok");
        return;
      case "DATA":
        this.#stage = "data";
        this.#tail = "\r\n";
        this.#reply("354 go ahead");
        return;
      case "BDAT":
        this.#bdat = { left: Number.parseInt(argument, 10), isLast: /last$/i.test(argument) };
        this.#stage = "bdat";
        if (this.#bdat.left === 0) this.#takeBdat(EMPTY);
        return;
      case "RSET":
      case "NOOP":
        if (verb.toUpperCase() === "RSET") this.#reset();
        this.#reply("250 2.0.0 ok");
        return;
      case "QUIT":
        this.#reply("221 2.0.0 bye");
        this.#stage = "over";
        return;
      default:
        this.#reply("500 5.5.2 unknown");
    }
  }

  #extensions(): string {
    const names = ["sink", "PIPELINING", `SIZE ${MAX_OCTETS}`, "8BITMIME"];
    if (this.#settings.hasChunking) names.push("CHUNKING");
    names.push("ENHANCEDSTATUSCODES", this.#isSecure ? "AUTH PLAIN LOGIN" : "STARTTLS");
    return names
      .map((name, index) => `250${index === names.length - 1 ? " " : "-"}${name}`)
      .join("\r\n");
  }

  #authenticate(argument: string): void {
    const [mechanism = "", initial = ""] = argument.split(" ");
    if (mechanism.toUpperCase() === "PLAIN" && initial !== "") {
      this.#judge(Buffer.from(initial, "base64").toString("utf8").split("\0").slice(1));
      return;
    }
    this.#answers = initial === "" ? [] : [Buffer.from(initial, "base64").toString("utf8")];
    this.#stage = "login";
    this.#reply(LOGIN_QUESTIONS[this.#answers.length] ?? "501 5.5.4 bad");
  }

  #login(line: string): void {
    this.#answers.push(Buffer.from(line, "base64").toString("utf8"));
    const question = LOGIN_QUESTIONS[this.#answers.length];
    if (question !== undefined) {
      this.#reply(question);
      return;
    }
    this.#stage = "command";
    this.#judge(this.#answers);
  }

  #judge([username, password]: readonly string[]): void {
    this.#isAuthenticated = username === USERNAME && password === PASSWORD;
    this.#reply(this.#isAuthenticated ? "235 2.7.0 ok" : "535 5.7.8 wrong credentials");
  }

  #mail(argument: string): void {
    if (!this.#isSecure || !this.#isAuthenticated) {
      this.#reply("530 5.7.0 authentication required");
      return;
    }
    this.#reset();
    this.#reversePath = pathIn(argument);
    this.#reply("250 2.1.0 ok");
  }

  /** What follows the final dot; nothing while it has not come. */
  #takeData(octets: Buffer): Buffer {
    const border = this.#tail + octets.toString("latin1", 0, FINAL_DOT.length - 1);
    const inBorder = border.indexOf(FINAL_DOT);
    const at = inBorder === -1 ? octets.indexOf(FINAL_DOT) : inBorder - this.#tail.length;
    if (at === -1) {
      this.#chunks.push(octets);
      const last = octets.toString("latin1", Math.max(0, octets.length - FINAL_DOT.length + 1));
      this.#tail = (this.#tail + last).slice(1 - FINAL_DOT.length);
      return EMPTY;
    }
    this.#chunks.push(octets.subarray(0, Math.max(0, at + 2)));
    this.#accept({ isStuffed: true });
    return octets.subarray(at + FINAL_DOT.length);
  }

  #takeBdat(octets: Buffer): Buffer {
    const part = octets.subarray(0, this.#bdat.left);
    this.#chunks.push(part);
    this.#bdat.left -= part.length;
    if (this.#bdat.left === 0) {
      if (this.#bdat.isLast) {
        this.#accept({ isStuffed: false });
      } else {
        this.#stage = "command";
        this.#reply("250 2.0.0 go on");
      }
    }
    return octets.subarray(part.length);
  }

  #accept({ isStuffed }: { readonly isStuffed: boolean }): void {
    this.#stage = "command";
    if (this.#reversePath === undefined || this.#forwardPaths.length === 0) {
      this.#reset();
      this.#reply("503 5.5.1 bad sequence");
      return;
    }
    const forwardPaths = this.#forwardPaths;
    this.#settings.onMail({
      reversePath: this.#reversePath,
      forwardPaths,
      chunks: this.#chunks,
      isStuffed,
    });
    this.#reset();
    this.#reply("250 2.0.0 taken");
  }

  #reset(): void {
    this.#reversePath = undefined;
    this.#forwardPaths = [];
    this.#chunks = [];
  }

  #reply(reply: string): void {
    this.#replies += `${reply}\r\n`;
  }

  #flush(): void {
    if (this.#replies !== "") this.#socket.write(this.#replies, "latin1");
    this.#replies = "";
  }
}

const EMPTY = Buffer.alloc(0);

function pathIn(argument: string): string {
  return /<([^>]*)>/.exec(argument)?.[1] ?? "";
}
