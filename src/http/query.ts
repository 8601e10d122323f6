/** The query of POST /emails: whether to send at all. */
import { printable } from "../mail/fields.ts";
import type { Body } from "./body.ts";
import type { ProblemDetails } from "./problem.ts";

/** Whether the mail is only to be shown. What looks like the parameter and is not is refused. */
export function readDryRun(request: Request): Body<boolean> {
  const values = new Set<string>();
  for (const [name, value] of new URL(request.url).searchParams) {
    if (isDryRunName(name)) {
      values.add(value);
      if (value !== "true" && value !== "false") return wrong(name, value);
    } else if (name.replaceAll(/[^A-Za-z]/g, "").toLowerCase() === "dryrun") {
      // Ignored, it would send the mail.
      return refused(`There is no parameter \`${printable(name)}\`; it is spelled \`${DRY_RUN}\`.`);
    }
  }
  if (values.size > 1) return refused(`\`${DRY_RUN}\` is both \`true\` and \`false\`.`);
  return { ok: true, value: values.has("true") };
}

/** Whether this is the name of the parameter, or its alias. */
export function isDryRunName(name: string): boolean {
  return name === DRY_RUN || name === "dry_run";
}

const DRY_RUN = "dryRun";

function wrong(name: string, value: string): Body<never> {
  return refused(`\`${name}\` must be \`true\` or \`false\`, not \`${printable(value)}\`.`);
}

function refused(message: string): Body<never> {
  const problem: ProblemDetails = {
    status: 400,
    name: "validation_error",
    title: "The query is not valid",
    message,
  };
  return { ok: false, problem };
}
