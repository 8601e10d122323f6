/** Lines to paste into a shell, which send a mail to the Worker of a local run. */

interface Target {
  readonly url: string;
  readonly token: string;
}

/** One mail, answered when the relay has answered. */
export function curlJson(target: Target): string {
  return curl(target, {
    subject: "Hello",
    text: "It works.",
    html: "<p>It <b>works</b>.</p>",
  });
}

/** The same with a text file attached. */
export function curlAttachment(target: Target): string {
  return curl(target, {
    subject: "With an attachment",
    text: "See the attachment.",
    attachments: [
      { filename: "note.txt", content: Buffer.from("Hello from Postrider\n").toString("base64") },
    ],
  });
}

/** Answered at once; the Worker's queue sends it. */
export function curlQueued(target: Target): string {
  return curl(target, { subject: "Queued", text: "Sent by the queue." }, ["Prefer: respond-async"]);
}

function curl(target: Target, content: object, headers: readonly string[] = []): string {
  const all = [
    `Authorization: Bearer ${target.token}`,
    "Content-Type: application/json",
    ...headers,
  ];
  // No single quote in any of it, so that single quotes protect it in every POSIX shell.
  const body = JSON.stringify({ from: "ann@example.com", to: "bob@example.org", ...content });
  return [
    `curl ${target.url}/emails`,
    ...all.map((header) => `  -H '${header}'`),
    `  -d '${body}'`,
  ].join(" \\\n");
}
