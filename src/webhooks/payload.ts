/** An event as webhooks get it: the JSON of the Resend API, with what Standard Webhooks recommends. */
import type { MailEvent } from "../mail-event.ts";
import type { KeptReply } from "../store/journal.ts";

/** The body, the same at each attempt. */
export function payloadOf(event: MailEvent): string {
  const { type, atMs, mail, recipients } = event;
  const at = new Date(atMs).toISOString();
  const tags = Object.fromEntries(mail.tags.map(({ name, value }) => [name, value]));
  return JSON.stringify({
    type,
    created_at: at,
    timestamp: at,
    data: {
      email_id: mail.id,
      message_id: mail.messageId,
      created_at: new Date(mail.createdAtMs).toISOString(),
      from: mail.from,
      // Those that it is about, as in the Resend API.
      to: recipients,
      subject: mail.subject,
      ...(mail.tags.length === 0 ? {} : { tags }),
      ...detailOf(event),
    },
  });
}

function detailOf({ type, reason = "", reply }: MailEvent): object {
  switch (type) {
    case "email.bounced":
      return { bounce: bounceOf(reason, reply) };
    case "email.failed":
      return { failed: { reason } };
    case "email.suppressed":
      return { suppressed: { type: "OnSuppressionList", message: reason, reason } };
    case "email.scheduled":
    case "email.sent":
    case "email.delivery_delayed":
      return {};
  }
}

function bounceOf(message: string, reply: KeptReply | undefined): object {
  if (reply === undefined) {
    return { type: "Undetermined", subType: "Undetermined", message, diagnosticCode: [] };
  }
  const { code, text } = reply;
  return {
    type: code >= 500 ? "Permanent" : "Transient",
    subType: subTypeOf(reply),
    message,
    diagnosticCode: [`smtp; ${code} ${text.replaceAll("\n", " ")}`],
  };
}

/** By the subject and detail of the enhanced code (RFC 3463 §2), where its meaning is one of the types. */
function subTypeOf({ code, enhanced = "" }: KeptReply): string {
  const detail = enhanced.slice(enhanced.indexOf(".") + 1);
  const known = SUB_TYPES.get(detail);
  if (known !== undefined) return known;
  if (detail.startsWith("6.")) return "ContentRejected";
  return code === 552 && enhanced === "" ? "MessageTooLarge" : "General";
}

const SUB_TYPES: ReadonlyMap<string, string> = new Map([
  ["1.1", "NoEmail"],
  ["1.2", "NoEmail"],
  ["1.3", "NoEmail"],
  ["1.6", "NoEmail"],
  ["1.10", "NoEmail"],
  ["2.2", "MailboxFull"],
  ["2.3", "MessageTooLarge"],
  ["3.4", "MessageTooLarge"],
]);
