/** The query of a list: which page of it. What is not understood is refused, since it would show another page. */
import { printable } from "../mail/fields.ts";
import type { Body } from "./body.ts";
import type { ProblemDetails, ProblemName } from "./problem.ts";

export interface Page {
  readonly limit: number;
  /** The cursor as it was written; empty counts as absent. */
  readonly after?: string;
  readonly before?: string;
  /** Further parameters of this list, by name; several values may stand in one, separated by commas. */
  readonly filters: ReadonlyMap<string, readonly string[]>;
}

const MAX_LIMIT = 100;
const USUAL_LIMIT = 20;
const CURSORS = ["after", "before"] as const;

/** The page that is asked for; `cursors` and `filters` are the parameters that this list has. */
export function readPage(
  request: Request,
  {
    cursors,
    filters,
  }: { readonly cursors: readonly string[]; readonly filters: readonly string[] },
): Body<Page> {
  const query = new URL(request.url).searchParams;
  const known = ["limit", ...cursors, ...filters];
  for (const name of query.keys()) {
    if (known.includes(name)) continue;
    return wrongQuery(
      `Unknown query parameter \`${printable(name)}\`: there are \`${known.join("`, `")}\`.`,
    );
  }
  for (const name of ["limit", ...cursors]) {
    if (new Set(query.getAll(name)).size > 1) return wrongQuery(`\`${name}\` is there twice.`);
  }
  const limit = query.get("limit") ?? "";
  // Number() alone would take "0x5" and "1e1".
  const count = limit === "" ? USUAL_LIMIT : /^\d{1,9}$/.test(limit) ? Number(limit) : 0;
  if (count < 1 || count > MAX_LIMIT) {
    return wrongQuery(`\`limit\` must be a whole number from 1 to ${MAX_LIMIT}.`);
  }
  const given = CURSORS.flatMap((name) => {
    const cursor = query.get(name) ?? "";
    return cursor === "" ? [] : [[name, cursor] as const];
  });
  if (given.length > 1) return wrongQuery("Give `after` or `before`, not both.");
  const wishes = filters.map((name) => {
    const words = query.getAll(name).flatMap((value) => value.split(","));
    return [name, words.map((word) => word.trim()).filter((word) => word !== "")] as const;
  });
  return {
    ok: true,
    value: { limit: count, ...Object.fromEntries(given), filters: new Map(wishes) },
  };
}

/** The answer to a query that cannot be understood. */
export function wrongQuery(
  message: string,
  name: ProblemName = "validation_error",
): { readonly ok: false; readonly problem: ProblemDetails } {
  return { ok: false, problem: { status: 422, name, title: "The query is not valid", message } };
}
