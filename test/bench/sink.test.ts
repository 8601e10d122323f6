import { once } from "node:events";
import { connect } from "node:tls";

import { expect, it } from "vitest";

import { testCa } from "../local/certificates.ts";
import { HOST, PASSWORD, USERNAME, type Batch } from "./command.ts";
import { recipientsOf, SENDER, subjectOf, textOf } from "./sample.ts";
import { startSink } from "./sink.ts";

const BATCH: Batch = {
  run: "run 1",
  count: 3,
  recipients: 1,
  textOctets: 300,
  htmlOctets: 0,
  attachmentOctets: 0,
};

const [RECIPIENT = ""] = recipientsOf(BATCH);
const PLAIN = Buffer.from(`\0${USERNAME}\0${PASSWORD}`).toString("base64");
const OPENING = `EHLO client\r\nAUTH PLAIN ${PLAIN}\r\n`;
const ENVELOPE = `MAIL FROM:<${SENDER}>\r\nRCPT TO:<${RECIPIENT}>\r\n`;

it.each([1, 3, 7, 100_000])("takes DATA and BDAT in chunks of %i octets", async (length) => {
  const ports = await startSink();
  const socket = connect({ port: ports.tls, host: HOST, ca: testCa() });
  socket.setNoDelay(true);
  let received = "";
  socket.on("data", (chunk) => (received += String(chunk)));
  const first = content(1);
  const conversation = [
    OPENING,
    `${ENVELOPE}DATA\r\n${content(0)}\r\n.\r\n`,
    `${ENVELOPE}BDAT 10\r\n${first.slice(0, 10)}BDAT ${first.length - 10} LAST\r\n${first.slice(10)}`,
    `${ENVELOPE}DATA\r\n${content(2)}\r\n.\r\nQUIT\r\n`,
  ].join("");
  await once(socket, "secureConnect");
  for (let at = 0; at < conversation.length; at += length) {
    socket.write(conversation.slice(at, at + length));
  }
  await once(socket, "end");
  expect(received.match(/^250 2\.0\.0 taken/gm)).toHaveLength(BATCH.count);

  const url = `http://127.0.0.1:${ports.control}/check`;
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(BATCH) });
  expect(await answer.json()).toEqual([]);
});

function content(index: number): string {
  return `Subject: ${subjectOf(BATCH, index)}\r\n\r\n${textOf(BATCH, index)}`;
}
