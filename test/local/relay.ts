/**
 * A relay for development and tests: smtp-server on 127.0.0.1 with a certificate of the test CA. It
 * takes mail only after TLS and AUTH, keeps what it received byte for byte (dot-stuffing undone,
 * nothing added), and delivers nothing. Importing it starts nothing.
 */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { TLSSocket } from "node:tls";

import { SMTPServer } from "smtp-server";
import type { SMTPServerOptions, SMTPServerSession } from "smtp-server";

import { certificate } from "./certificates.ts";
import type { CertificateName } from "./certificates.ts";
import { collect, refusal } from "./relay-data.ts";
import { Transcripts } from "./transcripts.ts";

/** A complete reply on one line: `550 5.1.1 No such user`. */
type ReplyLine = string;

export interface RelayOptions {
  /** 0, the default, takes any free port. */
  readonly port?: number;
  /** `starttls` offers it and refuses AUTH before it; `tls` is implicit TLS; `plain` has no TLS. */
  readonly mode?: "starttls" | "tls" | "plain";
  readonly certificate?: CertificateName;
  readonly username?: string;
  readonly password?: string;
  /** Takes credentials over a connection without TLS. */
  readonly allowInsecureAuth?: boolean;
  /** Announced by SIZE, and a larger content is refused with 552 5.3.4. */
  readonly maxBytes?: number;
  /** Recipients that are refused, by address in lower case. */
  readonly refuseRecipients?: Readonly<Record<string, ReplyLine>>;
  /** Reverse-paths that are refused, by address in lower case. */
  readonly refuseSenders?: Readonly<Record<string, ReplyLine>>;
  /** Returns the reply that refuses this content, or undefined to take it. */
  readonly refuseContent?: (content: Buffer, envelope: ReceivedEnvelope) => ReplyLine | undefined;
  /** Commands that answer 500 and are not announced: `["STARTTLS"]`. */
  readonly disabledCommands?: readonly string[];
  /** Anything else smtp-server can do: `hidePIPELINING`, `hideDSN`, `authMethods`. */
  readonly server?: SMTPServerOptions;
  readonly onMail?: (mail: ReceivedMail) => void;
}

interface ReceivedEnvelope {
  /** The reverse-path, "" for the null one. */
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
}

/** How a mail came. */
export interface ReceivedSession {
  /** Key of the conversation's transcript. */
  readonly id: string;
  readonly secure: boolean;
  /** `TLSv1.3`; absent without TLS. */
  readonly tlsVersion?: string;
  readonly cipher?: string;
  readonly authMethod?: string;
  readonly user?: string;
  readonly ehloName: string;
}

export interface ReceivedMail {
  /** Counts up from "1" with each mail of this relay. */
  readonly id: string;
  readonly envelope: ReceivedEnvelope;
  readonly raw: Buffer;
  readonly receivedAt: Date;
  readonly session: ReceivedSession;
}

export interface Relay {
  readonly port: number;
  /** A client must connect by this name, which the certificate carries. */
  readonly host: "localhost";
  readonly username: string;
  readonly password: string;
  /** In order of arrival. */
  readonly mails: readonly ReceivedMail[];
  /** What went wrong below SMTP: a client that did not trust the certificate, a reset. */
  readonly errors: readonly string[];
  /** The conversation so far, credentials redacted: `S: 220 ...`, `C: EHLO ...`. */
  transcript(sessionId: string): readonly string[];
  /** Resolves when that session's connection is closed, or the time is over. */
  ended(sessionId: string, timeoutMs: number): Promise<void>;
  /** The first mail, received already or yet to come, that the predicate takes; else rejects. */
  waitFor(predicate: (mail: ReceivedMail) => boolean, timeoutMs: number): Promise<ReceivedMail>;
  /** Drops every connection, also one stuck in a handshake. */
  close(): Promise<void>;
}

interface Waiter {
  readonly predicate: (mail: ReceivedMail) => boolean;
  readonly resolve: (mail: ReceivedMail) => void;
}

/** The port is open when this resolves; rejects with the system's error (EADDRINUSE) if it cannot. */
export async function startRelay(options: RelayOptions = {}): Promise<Relay> {
  const { mode = "starttls", username = "postrider", password = "postrider" } = options;
  const mails: ReceivedMail[] = [];
  const errors: string[] = [];
  const waiters = new Set<Waiter>();
  const transcripts = new Transcripts();
  const sessions = new Map<string, { tlsVersion?: string; cipher?: string; authMethod?: string }>();
  const ends = new Map<string, PromiseWithResolvers<void>>();
  const facts = (session: SMTPServerSession) => {
    const known = sessions.get(session.id) ?? {};
    sessions.set(session.id, known);
    return known;
  };

  const server = new SMTPServer({
    ...certificate(options.certificate ?? "good"),
    name: "localhost",
    banner: "Postrider local relay",
    secure: mode === "tls",
    authMethods: ["PLAIN", "LOGIN"],
    authOptional: false,
    allowInsecureAuth: options.allowInsecureAuth ?? false,
    disableReverseLookup: true,
    closeTimeout: CLOSE_TIMEOUT_MS,
    disabledCommands: [
      ...(mode === "plain" ? ["STARTTLS"] : []),
      ...(options.disabledCommands ?? []),
    ],
    ...(options.maxBytes === undefined ? {} : { size: options.maxBytes }),
    logger: transcripts.logger,
    ...options.server,

    onConnect(session, done) {
      ends.set(session.id, Promise.withResolvers());
      done();
    },

    onSecure(socket, session, done) {
      const known = facts(session);
      if (socket instanceof TLSSocket) {
        known.tlsVersion = socket.getProtocol() ?? "unknown";
        known.cipher = socket.getCipher().standardName;
        transcripts.note(session.id, `${known.tlsVersion}, ${known.cipher}`);
      }
      done();
    },

    onAuth(auth, session, done) {
      // With STARTTLS disabled smtp-server takes credentials in the clear, whatever it was told.
      if (!session.secure && options.allowInsecureAuth !== true) {
        return done(refusal("538 5.7.11 Encryption required for this mechanism"));
      }
      if (auth.username !== username || auth.password !== password) {
        return done(refusal("535 5.7.8 Authentication credentials invalid"));
      }
      facts(session).authMethod = auth.method;
      done(null, { user: auth.username });
    },

    onMailFrom({ address }, _session, done) {
      done(refusalIn(options.refuseSenders, address));
    },

    onRcptTo({ address }, _session, done) {
      done(refusalIn(options.refuseRecipients, address));
    },

    onData(stream, session, done) {
      collect(stream, options.maxBytes, (raw) => {
        if (raw === "too large") return done(refusal("552 5.3.4 Message too big"));
        const envelope = envelopeOf(session);
        const refused = options.refuseContent?.(raw, envelope);
        if (refused !== undefined) return done(refusal(refused));
        const mail: ReceivedMail = {
          id: String(mails.length + 1),
          envelope,
          raw,
          receivedAt: new Date(),
          session: {
            id: session.id,
            secure: session.secure,
            ehloName: session.hostNameAppearsAs,
            ...(typeof session.user === "string" ? { user: session.user } : {}),
            ...facts(session),
          },
        };
        mails.push(mail);
        done(null, `Kept as mail ${mail.id}`);
        options.onMail?.(mail);
        for (const waiter of waiters) if (waiter.predicate(mail)) waiter.resolve(mail);
      });
    },

    onClose(session) {
      sessions.delete(session.id);
      ends.get(session.id)?.resolve();
      ends.delete(session.id);
    },
  });

  const sockets = new Set<Socket>();
  server.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("error", (error: Error) => errors.push(error.message));

  // smtp-server repeats the listener's errors as its own events, so its events are the ones to wait on.
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server.server, "listening");
  // `address()` is an AddressInfo for a listener on TCP.
  const { port } = server.server.address() as AddressInfo;

  return {
    port,
    host: "localhost",
    username,
    password,
    mails,
    errors,
    transcript: (sessionId) => transcripts.of(sessionId),
    async ended(sessionId, timeoutMs) {
      const end = ends.get(sessionId)?.promise;
      await Promise.race([end, sleep(timeoutMs, undefined, { ref: false })]);
    },
    waitFor: (predicate, timeoutMs) => waitFor({ mails, waiters, predicate, timeoutMs }),
    async close() {
      await new Promise<void>((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A client gets this long to read the 421, which is enough on loopback. */
const CLOSE_TIMEOUT_MS = 50;

function envelopeOf(session: SMTPServerSession): ReceivedEnvelope {
  const { mailFrom, rcptTo } = session.envelope;
  return {
    mailFrom: mailFrom === false ? "" : mailFrom.address,
    rcptTo: rcptTo.map(({ address }) => address),
  };
}

function refusalIn(
  table: Readonly<Record<string, ReplyLine>> | undefined,
  address: string,
): Error | undefined {
  const line = Object.entries(table ?? {}).find(([key]) => key === address.toLowerCase())?.[1];
  return line === undefined ? undefined : refusal(line);
}

async function waitFor(wait: {
  readonly mails: readonly ReceivedMail[];
  readonly waiters: Set<Waiter>;
  readonly predicate: (mail: ReceivedMail) => boolean;
  readonly timeoutMs: number;
}): Promise<ReceivedMail> {
  const { mails, waiters, predicate, timeoutMs } = wait;
  const received = mails.find(predicate);
  if (received !== undefined) return received;
  const { promise, resolve, reject } = Promise.withResolvers<ReceivedMail>();
  const waiter = { predicate, resolve };
  const timer = setTimeout(() => {
    reject(new Error(`no such mail within ${timeoutMs} ms; ${mails.length} other(s) arrived`));
  }, timeoutMs);
  waiters.add(waiter);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    waiters.delete(waiter);
  }
}
