/** Bodies of the smaller requests. */
import * as v from "valibot";

type Schema = v.GenericSchema;

/** By the name that each has in the document. */
export function changeSchemas(): Readonly<Record<"Reschedule" | "NewSuppression", Schema>> {
  const text = v.nullish(v.string());
  const id = v.pipe(text, v.description("That of the path, where it is given."));
  const time = v.pipe(
    text,
    v.description("ISO 8601, or as `in 5 minutes`; at most 30 days ahead. One spelling is needed."),
  );
  const note = v.nullish(v.pipe(v.string(), v.maxLength(500)));
  const address = v.pipe(text, v.description("One spelling is needed."));
  return {
    Reschedule: v.strictObject({
      scheduled_at: time,
      scheduledAt: time,
      id,
      email_id: id,
      emailId: id,
    }),
    NewSuppression: v.strictObject({ address, email: address, note }),
  };
}
