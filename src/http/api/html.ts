/** HTML that is safe by the way it is written: whatever is put into a template is text, unless it is HTML itself. */
export class Html {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

type Part = string | number | Html | readonly Html[] | undefined;

/** Tag of a template. Lists are joined; undefined is nothing. */
export function html(pieces: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(
    pieces.reduce((text, piece, index) => `${text}${written(parts[index - 1])}${piece}`),
  );
}

/** Text in which `...` marks code, as the document has it. */
export function prose(text: string): Html {
  const pieces = text.split("`");
  return new Html(
    pieces
      .map((piece, at) => (at % 2 === 1 ? `<code>${escaped(piece)}</code>` : escaped(piece)))
      .join(""),
  );
}

function written(part: Part): string {
  if (part === undefined) return "";
  if (Array.isArray(part)) return part.map(String).join("");
  return part instanceof Html ? String(part) : escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
