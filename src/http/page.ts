/** The query of a list: which page of it. Here the text is read as values; the schema says which may be. */
import type { Requests } from "./api/request-schema.ts";
import type { Body } from "./body.ts";
import type { ProblemDetails, ProblemName } from "./problem.ts";

/** The page that is asked for. */
export async function readPage<Name extends "EmailPage" | "SuppressionPage">(
  request: Request,
  name: Name,
): Promise<Body<Requests[Name]>> {
  const { searchParams: query } = new URL(request.url);
  const given: [name: string, value: unknown][] = [];
  for (const each of new Set(query.keys())) {
    const texts = [...new Set(query.getAll(each))];
    if (LISTS.has(each)) {
      const words = texts.flatMap((text) => text.split(",")).map((word) => word.trim());
      const value = words.filter((word) => word !== "");
      given.push([each, value.length === 0 ? undefined : value]);
      continue;
    }
    const [text = "", ...others] = texts;
    if (others.length > 0 && SINGLE.has(each)) return wrongQuery(`\`${each}\` is there twice.`);
    // Empty counts as absent; its name has to be known all the same.
    given.push([each, text === "" ? undefined : each === "limit" ? number(text) : text]);
  }
  const { validate } = await import("./api/validate.ts");
  // From entries, so that `__proto__` is a name as any other.
  const page = validate(name, Object.fromEntries(given));
  return page.ok ? page : wrongQuery(page.problems.message, page.problems.name);
}

const LISTS: ReadonlySet<string> = new Set(["status"]);
const SINGLE: ReadonlySet<string> = new Set(["limit", "after", "before"]);

/** The answer to a query that cannot be understood. */
export function wrongQuery(
  message: string,
  name: ProblemName = "validation_error",
): { readonly ok: false; readonly problem: ProblemDetails } {
  return { ok: false, problem: { status: 422, name, title: "The query is not valid", message } };
}

/** Number() alone would take "0x5" and "1e1". */
function number(text: string): number | string {
  return /^\d{1,9}$/.test(text) ? Number(text) : text;
}
