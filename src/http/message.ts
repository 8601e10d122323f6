/**
 * A mail as a whole message (message/rfc822). Its envelope stands in the query, `?from=...&to=...&to=...`,
 * or in the header fields X-Envelope-From and X-Envelope-To; what is in neither, the message itself says.
 */
import { printable, report } from "../mail/fields.ts";
import type { Problem } from "../smtp/outcome.ts";
import { readOctets, type Body, type MailBody } from "./body.ts";
import { isDryRunName } from "./query.ts";

/** The message and the envelope that the request gives, or what is wrong with the body. */
export async function readMessage(request: Request): Promise<Body<MailBody>> {
  const body = await readOctets(request);
  if (!body.ok) return body;
  const problems: Problem[] = [];
  const query = new URL(request.url).searchParams;
  for (const name of new Set(query.keys())) {
    if (name === "from" || name === "to" || isDryRunName(name)) continue;
    const detail = `Unknown query parameter \`${printable(name)}\`: beside a message it is \`from\`, \`to\` or \`dryRun\`.`;
    problems.push({ pointer: "", detail });
  }
  const from = readFrom(request, query, problems);
  const to = readTo(request, query, problems);
  const envelope = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  return { ok: true, value: { input: { raw: body.value, envelope }, problems } };
}

const FROM = { name: "from", pointer: "/envelope/from" };
const TO = { name: "to", pointer: "/envelope/to" };

/** "" is the null reverse-path. */
function readFrom(
  request: Request,
  query: URLSearchParams,
  problems: Problem[],
): string | undefined {
  const given = query.getAll("from");
  const header = request.headers.get("x-envelope-from");
  if (given.length > 1) report(problems, FROM, "It stands in the query more than once.");
  if (given.length > 0 && header !== null) {
    report(problems, FROM, "It is in the query and in X-Envelope-From; give one of them.");
  }
  for (const value of given) checkPlus(FROM, value, problems);
  checkAscii(FROM, header, problems);
  return given[0] ?? header?.trim();
}

function readTo(
  request: Request,
  query: URLSearchParams,
  problems: Problem[],
): readonly string[] | undefined {
  const given = query.getAll("to");
  const header = request.headers.get("x-envelope-to");
  if (given.length > 0 && header !== null) {
    report(problems, TO, "It is in the query and in X-Envelope-To; give one of them.");
  }
  for (const [index, value] of given.entries()) {
    checkPlus({ name: "to", pointer: `${TO.pointer}/${index}` }, value, problems);
  }
  checkAscii(TO, header, problems);
  if (given.length > 0) return given;
  if (header === null) return undefined;
  const listed = header
    .split(",")
    .map((value) => value.trim())
    .filter((value) => value !== "");
  // An empty list would leave the recipients to the message: it is an address that is none.
  return listed.length === 0 ? [""] : listed;
}

/** A plus is common in addresses, and a space in a query. */
function checkPlus(place: typeof FROM, value: string, problems: Problem[]): void {
  if (!value.includes(" ")) return;
  report(problems, place, "It holds a space. A `+` is written as `%2B` in a query.");
}

/** What other octets of a header field mean, clients and platforms do not agree on. */
function checkAscii(place: typeof FROM, value: string | null, problems: Problem[]): void {
  if (value === null || /^[\t -~]*$/.test(value)) return;
  report(problems, place, "A header field is ASCII; give this address in the query.");
}
