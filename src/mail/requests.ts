/**
 * What a mail asks of the relay beyond delivery: notifications, TLS on every hop, priority, a deadline,
 * a hold. Each needs an extension of SMTP, and the mail is refused by a relay that lacks it.
 */
import type { Problem } from "../smtp/outcome.ts";
import type { DsnEvent, Requests } from "../smtp/parameters.ts";
import {
  isRecord,
  readChoice,
  readFields,
  readFlag,
  readItems,
  readString,
  report,
  type Field,
} from "./fields.ts";
import { LIMITS } from "./limits.ts";

/** RFC 3461 §5.4. */
const MAX_ENVID_LENGTH = 100;
const DSN_EVENTS: readonly DsnEvent[] = ["NEVER", "SUCCESS", "FAILURE", "DELAY"];

const DSN = { known: ["notify", "ret", "envid"], aliases: {}, unsupported: [] };
const DELIVER_BY = { known: ["seconds", "mode", "trace"], aliases: {}, unsupported: [] };

/** The requests; undefined where the mail has none. */
export function readRequests(
  fields: ReadonlyMap<string, Field>,
  problems: Problem[],
): Requests | undefined {
  const dsn = readDsn(fields.get("dsn"), problems);
  const requireTls = readFlag(fields.get("requireTls"), problems);
  const priority = readWhole(fields.get("priority"), { least: -9, most: 9 }, problems);
  const deliverBy = readDeliverBy(fields.get("deliverBy"), problems);
  const holds = { least: 1, most: LIMITS.requestSeconds };
  const holdForSeconds = readWhole(fields.get("holdForSeconds"), holds, problems);
  const given = [dsn, requireTls === true || undefined, priority, deliverBy, holdForSeconds];
  if (given.every((request) => request === undefined)) return undefined;
  return {
    ...(dsn === undefined ? {} : { dsn }),
    ...(requireTls === true ? { requireTls } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...(deliverBy === undefined ? {} : { deliverBy }),
    ...(holdForSeconds === undefined ? {} : { holdForSeconds }),
  };
}

function readDsn(field: Field | undefined, problems: Problem[]): Requests["dsn"] {
  if (field === undefined) return undefined;
  if (!isRecord(field.value)) {
    report(problems, field, "It must be an object with `notify`, `ret` or `envid`.");
    return undefined;
  }
  const fields = readFields(field.value, DSN, { pointer: field.pointer, problems });
  const notify = readNotify(fields.get("notify"), problems);
  const ret = readChoice(fields.get("ret"), ["FULL", "HDRS"], problems);
  const envid = readString(fields.get("envid"), problems) ?? "";
  const given = fields.get("envid");
  if (given !== undefined && !/^[!-~]*$/.test(envid)) {
    report(problems, given, "It must be printable ASCII without spaces.");
  } else if (given !== undefined && envid.length > MAX_ENVID_LENGTH) {
    report(problems, given, `It has more than ${MAX_ENVID_LENGTH} characters.`);
  }
  return {
    ...(notify.length === 0 ? {} : { notify }),
    ...(ret === undefined ? {} : { ret }),
    ...(envid === "" ? {} : { envid }),
  };
}

function readNotify(field: Field | undefined, problems: Problem[]): DsnEvent[] {
  const notify = readItems(field, DSN_EVENTS.length, problems)
    .map((item) => readChoice(item, DSN_EVENTS, problems))
    .filter((event) => event !== undefined);
  // RFC 3461 §4.1: NEVER appears by itself.
  if (field !== undefined && notify.length > 1 && notify.includes("NEVER")) {
    report(problems, field, "`NEVER` stands alone.");
  }
  return [...new Set(notify)];
}

function readDeliverBy(field: Field | undefined, problems: Problem[]): Requests["deliverBy"] {
  if (field === undefined) return undefined;
  if (!isRecord(field.value)) {
    report(problems, field, "It must be an object with `seconds` and `mode`.");
    return undefined;
  }
  const fields = readFields(field.value, DELIVER_BY, { pointer: field.pointer, problems });
  const mode = readChoice(fields.get("mode"), ["R", "N"] as const, problems) ?? "N";
  // RFC 2852 §4: in mode R the time must be ahead.
  const least = mode === "R" ? 1 : -LIMITS.requestSeconds;
  const seconds = readWhole(
    fields.get("seconds"),
    { least, most: LIMITS.requestSeconds },
    problems,
  );
  const trace = readFlag(fields.get("trace"), problems) === true;
  if (!fields.has("seconds")) report(problems, field, "Missing `seconds`.");
  return seconds === undefined ? undefined : { seconds, mode, ...(trace ? { trace } : {}) };
}

function readWhole(
  field: Field | undefined,
  { least, most }: { readonly least: number; readonly most: number },
  problems: Problem[],
): number | undefined {
  if (field === undefined) return undefined;
  const { value } = field;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  report(problems, field, `It must be a whole number from ${least} to ${most}.`);
  return undefined;
}
