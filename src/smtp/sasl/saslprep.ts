/**
 * SASLprep (RFC 4013): what makes a name typed on one machine and a password typed on another the same
 * octets. Printable ASCII comes out as it went in.
 *
 * Limit: the RFC's tables are those of Unicode 3.2. Normalisation and "unassigned" are the runtime's
 * Unicode here, so an emoji passes that a server of the letter refuses; and left-to-right means a
 * letter that is not right-to-left. Whole tables would lift it, at 20 times the size.
 */

/** RFC 3454 §7: a query may hold code points that Unicode has yet to assign, what is stored may not. */
export type Preparation = "query" | "stored";

export type Prepared =
  | { readonly text: string }
  /** Ends a sentence that begins with the name of the field; says nothing of the text itself. */
  | { readonly fault: string };

export function saslprep(input: string, preparation: Preparation): Prepared {
  if (/^[ -~]+$/.test(input)) return { text: input };
  const text = input.replace(NON_ASCII_SPACE, " ").replace(MAPPED_TO_NOTHING, "").normalize("NFKC");
  if (text === "") return { fault: "has no characters that count" };
  if (new RegExp(PROHIBITED, "u").test(text)) return { fault: "has a prohibited character" };
  if (preparation === "stored" && new RegExp(String.raw`\p{Cn}`, "u").test(text)) {
    return { fault: "has a character unknown to Unicode" };
  }
  return isOfOneDirection(text) ? { text } : { fault: "mixes right-to-left with left-to-right" };
}

/** RFC 4013 §2.1, and RFC 3454 §C.1.2. */
const NON_ASCII_SPACE = /[\u00A0\u1680\u2000-\u200B\u202F\u205F\u3000]/gu;

/** RFC 3454 §B.1; U+200B is a space by now. */
const MAPPED_TO_NOTHING =
  /\u00AD|\u034F|\u1806|\u180B|\u180C|\u180D|\u200C|\u200D|\u2060|[\uFE00-\uFE0F]|\uFEFF/gu;

/**
 * RFC 4013 §2.3, without what the steps before have mapped away. As text: V8 reads the tables of the
 * properties in a literal whenever a Worker starts, and hardly a password needs them.
 */
const PROHIBITED = String.raw`[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}\u06DD\u070F\u180E\u200E\u200F\u2028-\u202E\u2061-\u2063\u206A-\u206F\u2FF0-\u2FFB\uFFF9-\uFFFD\u{1D173}-\u{1D17A}\u{E0001}\u{E0020}-\u{E007F}]`;

/** RFC 3454 §6: right-to-left text holds nothing left-to-right, and begins and ends as it is. */
function isOfOneDirection(text: string): boolean {
  const rightToLeft = new RegExp(RIGHT_TO_LEFT, "u");
  if (!rightToLeft.test(text)) return true;
  const [first = "", ...rest] = text;
  const last = rest.at(-1) ?? first;
  const hasBoth = new RegExp(LEFT_TO_RIGHT, "u").test(text);
  return rightToLeft.test(first) && rightToLeft.test(last) && !hasBoth;
}

/** The blocks that Unicode keeps for right-to-left scripts. */
const BLOCKS = String.raw`[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFF\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]`;

/** Letters of those blocks, and the signs that RFC 3454 §D.1 adds to them. */
const RIGHT_TO_LEFT = String.raw`(?=\p{L})${BLOCKS}|[\u05BE\u05C0\u05C3\u05F3\u05F4\u061B\u061F\u066D\u06D4\u06FD\u06FE\u0700-\u070D]`;
const LEFT_TO_RIGHT = String.raw`(?!${BLOCKS})[\p{L}\p{Nl}\p{Mc}]`;
