/** The name of an attached file, as a reader's disk will see it. */
import { hasBidiControl, hasControl } from "./characters.ts";

/** The longest name that common file systems take. */
const MAX_OCTETS = 255;

/** The sentence that says why the text is no file name; undefined where it is one. */
export function filenameFault(text: string): string | undefined {
  if (new TextEncoder().encode(text).length > MAX_OCTETS) {
    return `It has more than ${MAX_OCTETS} octets.`;
  }
  if (/[/\\]/.test(text)) return "It may not hold a path separator.";
  if (hasControl(text)) return "It may not hold a line break or another control character.";
  if (hasBidiControl(text)) return "It may not hold a bidirectional control character.";
  if (text === "." || text === ".." || text.trim() === "") return "It must be the name of a file.";
  return undefined;
}
