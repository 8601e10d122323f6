/** Text for the terminal: colour where it is one, and nothing from a mail that could drive it. */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Styled where standard output is a terminal that wants it (NO_COLOR, pipes: plain). */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** The text without control characters, which a mail's subject could use to rewrite the screen. */
export function printable(text: string): string {
  // Bidirectional overrides reorder what is around them, too.
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, "�");
}

export function print(text = ""): void {
  process.stdout.write(`${text}\n`);
}
