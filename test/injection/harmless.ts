/** Which hostile values mean nothing where, so that they are taken: the labels of each kind of field. */
import { HOSTILE, MARKS } from "./hostile.ts";

export const ALL: readonly string[] = HOSTILE.map(({ label }) => label);
const marks = MARKS.map(({ label }) => label);
export const but = (labels: readonly string[], ...others: readonly string[]): readonly string[] =>
  labels.filter((label) => !others.includes(label));

/** Text without grammar: all but what Unicode itself forbids, and what is longer than any. */
export const TEXT: readonly string[] = but(marks, "half a surrogate pair");
export const LONG: readonly string[] = ["2 000 words", "a word of 2 000"];
export const NAME: readonly string[] = but(TEXT, ...LONG, "a tab", "text from right to left");
export const FILENAME: readonly string[] = but(
  NAME,
  "a backslash behind",
  "escaped CRLF",
  "a path",
  "a dot",
  "nothing but spaces",
);
/** Printable ASCII, which is written as xtext. */
export const ENVID: readonly string[] = [
  "quotes around",
  "an open quote",
  "a backslash behind",
  "a comment before",
  "an encoded line end",
  "a route",
  "angle brackets around",
  "a second at sign",
  "an asterisk behind",
  "percent-encoded CRLF",
  "a path",
  "a dot",
  "__proto__",
];
/** White space at the ends, which is dropped. */
export const AT_ENDS: readonly string[] = ["CRLF before", "CRLF behind"];
