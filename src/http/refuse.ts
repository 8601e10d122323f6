/** The one way to refuse a request: its body is read away first. */
import { drain } from "./body.ts";
import { problemResponse, type ProblemDetails } from "./problem.ts";

/** The answer to `request` for a problem, with nothing of a short body left unread. */
export async function refuse(request: Request, details: ProblemDetails): Promise<Response> {
  await drain(request);
  return problemResponse(request, details);
}
