/**
 * What a mail says of itself: that a program wrote it (RFC 3834 §5), so that none answers, and how much
 * it matters to its reader. No relay heeds either.
 */
import type { Problem } from "../smtp/outcome.ts";
import { readChoice } from "./fields.ts";
import type { Field } from "./fields.ts";
import type { AutoSubmitted, Importance, Mail } from "./mail.ts";

/** `auto-notified` is of RFC 5436 §2.7.1. */
const AUTO_SUBMITTED: readonly AutoSubmitted[] = [
  "no",
  "auto-generated",
  "auto-replied",
  "auto-notified",
];
/** RFC 2156 §5.3.4. */
const IMPORTANCE: readonly Importance[] = ["high", "normal", "low"];

/** Many readers look at this field alone. No standard has it; none of its values means normal. */
const X_PRIORITY: Readonly<Record<Importance, string | undefined>> = {
  high: "1 (Highest)",
  normal: undefined,
  low: "5 (Lowest)",
};

/** Whether a program wrote the mail, in any case of letters; undefined where that is not said. */
export function readAutoSubmitted(
  field: Field | undefined,
  problems: Problem[],
): AutoSubmitted | undefined {
  return readChoice(field, AUTO_SUBMITTED, problems);
}

/** How much the mail matters, in any case of letters; undefined where that is not said. */
export function readImportance(
  field: Field | undefined,
  problems: Problem[],
): Importance | undefined {
  return readChoice(field, IMPORTANCE, problems);
}

/** The header fields that say it, ASCII and short; none where the mail says nothing. */
export function automaticFields({
  autoSubmitted,
  importance,
}: Pick<Mail, "autoSubmitted" | "importance">): Mail["headers"] {
  const priority = importance === undefined ? undefined : X_PRIORITY[importance];
  return [
    ...(autoSubmitted === undefined ? [] : [{ name: "Auto-Submitted", value: autoSubmitted }]),
    ...(importance === undefined ? [] : [{ name: "Importance", value: importance }]),
    ...(priority === undefined ? [] : [{ name: "X-Priority", value: priority }]),
  ];
}
