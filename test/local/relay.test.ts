/** The local relay must be a server one can trust the results of, so it is tested by raw dialogue. */
import { connect as connectPlain } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";

import { afterEach, expect, it } from "vitest";

import { testCa } from "./certificates.ts";
import type { CertificateName } from "./certificates.ts";
import { startRelay } from "./relay.ts";
import type { Relay, RelayOptions } from "./relay.ts";

const running: Relay[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(running.splice(0).map((relay) => relay.close()));
});

it("keeps what came over TLS, byte for byte, and how it came", async () => {
  const relay = await start();
  const client = await secureClient(relay);
  await client.say("MAIL FROM:<ann@example.com>", "250");
  await client.say("RCPT TO:<bob@example.org>", "250");
  await client.say("RCPT TO:<cy@example.net>", "250");
  await client.say("DATA", "354");
  await client.say("Subject: dots\r\n\r\n..leading dot\r\nfin\r\n.", "250");
  await client.say("QUIT", "221");

  const mail = await relay.waitFor(() => true, 1000);
  expect(mail.raw.toString()).toBe("Subject: dots\r\n\r\n.leading dot\r\nfin\r\n");
  expect(mail.envelope).toEqual({
    mailFrom: "ann@example.com",
    rcptTo: ["bob@example.org", "cy@example.net"],
  });
  expect(mail.session).toMatchObject({
    secure: true,
    tlsVersion: "TLSv1.3",
    cipher: expect.stringMatching(/^TLS_/),
    authMethod: "PLAIN",
    user: "postrider",
    ehloName: "client.example",
  });
});

it("keeps the transcript without credentials, well-formed or not", async () => {
  const relay = await start({ password: "s3cret-passphrase" });
  const client = await secureClient(relay, { password: "s3cret-passphrase" });
  await client.say("MAIL FROM:<ann@example.com>", "250");
  await client.say("RCPT TO:<bob@example.org>", "250");
  await client.say("DATA", "354");
  await client.say("Subject: hello\r\n\r\nhello\r\n.", "250");
  const { session } = await relay.waitFor(() => true, 1000);
  await client.say(`AUTHPLAIN${plainToken("s3cret-passphrase")}`, "500");

  const transcript = relay.transcript(session.id);
  expect(transcript).toContain("C: STARTTLS");
  expect(transcript).toContain("C: AUTH PLAIN [credentials]");
  expect(transcript).toContain("S: 250 Kept as mail 1");
  expect(transcript.join("\n")).toMatch(/^-- TLSv1\.3, /m);
  expect(transcript.join("\n")).not.toContain(plainToken("s3cret-passphrase"));
});

it("refuses AUTH before STARTTLS, and mail before AUTH", async () => {
  const relay = await start();
  const client = await plainClient(relay.port);
  await client.say("EHLO client.example", "250");
  await client.say(`AUTH PLAIN ${plainToken("postrider")}`, "538");
  await client.say("MAIL FROM:<ann@example.com>", "530");
});

it("refuses AUTH in the clear where STARTTLS is not offered at all", async () => {
  const relay = await start({ mode: "plain" });
  const client = await plainClient(relay.port);
  expect(await client.say("EHLO client.example", "250")).not.toContain("STARTTLS");
  await client.say(`AUTH PLAIN ${plainToken("postrider")}`, "538 5.7.11");
});

it("refuses a wrong password", async () => {
  const relay = await start();
  const client = await secureClient(relay, { login: false });
  await client.say(`AUTH PLAIN ${plainToken("wrong")}`, "535 5.7.8");
});

it("takes AUTH LOGIN and implicit TLS", async () => {
  const relay = await start({ mode: "tls" });
  const socket = connectTls({
    port: relay.port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: testCa(),
  });
  const client = dialogue(socket);
  await client.expect("220");
  await client.say("EHLO client.example", "250");
  await client.say("AUTH LOGIN", "334");
  await client.say(Buffer.from("postrider").toString("base64"), "334");
  await client.say(Buffer.from("postrider").toString("base64"), "235");
});

it("refuses the senders, recipients, contents and sizes it is told to", async () => {
  const relay = await start({
    maxBytes: 1000,
    refuseSenders: { "mallory@example.com": "550 5.7.1 Not you" },
    refuseRecipients: {
      "gone@example.org": "550 5.1.1 No such user",
      "later@example.org": "451 4.2.1 Try again",
    },
    refuseContent: (content) => (content.includes("spam") ? "554 5.7.1 No spam" : undefined),
  });
  const client = await secureClient(relay);
  await client.say("MAIL FROM:<Mallory@example.com>", "550 5.7.1 Not you");
  await client.say("MAIL FROM:<ann@example.com> SIZE=1001", "552");
  await client.say("MAIL FROM:<ann@example.com>", "250");
  await client.say("RCPT TO:<gone@example.org>", "550 5.1.1 No such user");
  await client.say("RCPT TO:<Later@example.org>", "451 4.2.1 Try again");
  await client.say("RCPT TO:<bob@example.org>", "250");
  await client.say("DATA", "354");
  await client.say("\r\nspam\r\n.", "554 5.7.1 No spam");
  await client.say("MAIL FROM:<ann@example.com>", "250");
  await client.say("RCPT TO:<bob@example.org>", "250");
  await client.say("DATA", "354");
  await client.say(`\r\n${"x".repeat(998)}\r\n.`, "552 5.3.4");
  expect(relay.mails).toHaveLength(0);
});

it.each<[CertificateName, string]>([
  ["wrong-host", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["expired", "CERT_HAS_EXPIRED"],
  ["other-ca", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
])("serves the %s certificate, which a client refuses with %s", async (name, code) => {
  const relay = await start({ mode: "tls", certificate: name });
  const error = await new Promise((resolve) => {
    const socket = connectTls({
      port: relay.port,
      host: "127.0.0.1",
      servername: "localhost",
      ca: testCa(),
    });
    sockets.push(socket);
    socket.once("error", resolve);
    socket.once("secureConnect", () => resolve(new Error("the client connected")));
  });
  expect(error).toMatchObject({ code });
});

it("keeps nothing of a content that was broken off", async () => {
  const relay = await start();
  const client = await secureClient(relay);
  await client.say("MAIL FROM:<ann@example.com>", "250");
  await client.say("RCPT TO:<bob@example.org>", "250");
  await client.say("DATA", "354");
  client.socket.end("Subject: half\r\n\r\nhal");
  await client.ended;
  expect(relay.mails).toHaveLength(0);
});

it("rejects waiting for a mail that does not come", async () => {
  const relay = await start();
  await expect(relay.waitFor(() => true, 10)).rejects.toThrow("no such mail within 10 ms");
});

it("closes in the middle of a handshake and of a content", async () => {
  const relay = await start();
  const stuck = await plainClient(relay.port);
  await stuck.say("EHLO client.example", "250");
  await stuck.say("STARTTLS", "220");
  const sending = await secureClient(relay);
  await sending.say("MAIL FROM:<ann@example.com>", "250");
  await sending.say("RCPT TO:<bob@example.org>", "250");
  await sending.say("DATA", "354");

  await relay.close();
  await Promise.all([stuck.ended, sending.ended]);
});

async function start(options: RelayOptions = {}): Promise<Relay> {
  const relay = await startRelay(options);
  running.push(relay);
  return relay;
}

interface Client {
  readonly socket: Socket;
  readonly ended: Promise<void>;
  /** The last line of the next reply must begin so; returns the whole reply. */
  expect(reply: string): Promise<string>;
  say(line: string, reply: string): Promise<string>;
}

async function plainClient(port: number): Promise<Client> {
  const client = dialogue(connectPlain(port, "127.0.0.1"));
  await client.expect("220");
  return client;
}

/** A client that has STARTTLS behind it, and AUTH unless told otherwise. */
async function secureClient(
  relay: Relay,
  { login = true, password = "postrider" } = {},
): Promise<Client> {
  const clear = await plainClient(relay.port);
  await clear.say("EHLO client.example", "250");
  await clear.say("STARTTLS", "220");
  clear.socket.removeAllListeners("data");
  const client = dialogue(
    connectTls({ socket: clear.socket, servername: "localhost", ca: testCa() }),
  );
  await client.say("EHLO client.example", "250");
  if (login) await client.say(`AUTH PLAIN ${plainToken(password)}`, "235");
  return client;
}

function dialogue(socket: Socket): Client {
  sockets.push(socket);
  let received = "";
  let wake = () => {};
  let isOpen = true;
  const ended = new Promise<void>((resolve) => {
    socket.once("close", () => {
      isOpen = false;
      resolve();
      wake();
    });
  });
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString();
    wake();
  });
  const expectReply = async (wanted: string): Promise<string> => {
    for (;;) {
      const [reply] = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(received) ?? [];
      if (reply !== undefined) {
        received = received.slice(reply.length);
        expect(reply.trimEnd().split("\r\n").at(-1)?.slice(0, wanted.length)).toBe(wanted);
        return reply;
      }
      if (!isOpen) throw new Error(`the relay hung up instead of ${wanted}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  return {
    socket,
    ended,
    expect: expectReply,
    say(line, reply) {
      socket.write(`${line}\r\n`);
      return expectReply(reply);
    },
  };
}

function plainToken(password: string): string {
  return Buffer.from(`\0postrider\0${password}`).toString("base64");
}
