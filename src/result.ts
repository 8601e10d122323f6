/** Either a value or the problems that prevent it. */
export type Result<T, E> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: E };

/** The result that holds a value. */
export function valid<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** The result that holds what is wrong. */
export function invalid<E>(problems: E): { readonly ok: false; readonly problems: E } {
  return { ok: false, problems };
}
