/**
 * Spans for the traces of a deployment: what took the time of a request. A runtime without them loses
 * nothing else. Facts are numbers and words of ours; an address, a subject or a reply's text is none.
 */
import * as platform from "cloudflare:workers";

export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** Tells facts about the work that a span is for; undefined is not told. */
export type Note = (facts: Facts) => void;

/** What the work gives, under a span of this name. */
export async function traced<T>(name: string, work: (note: Note) => Promise<T>): Promise<T> {
  // Not imported by name, since older runtimes have no such export, and would not start.
  const { tracing } = platform as { readonly tracing?: Partial<Tracing> };
  if (typeof tracing?.enterSpan !== "function") return work(() => undefined);
  return tracing.enterSpan(name, async (span) =>
    work((facts) => {
      for (const [key, value] of Object.entries(facts)) {
        if (value !== undefined) span.setAttribute(key, value);
      }
    }),
  );
}
