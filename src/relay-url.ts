/** A relay as a URL: `smtp://user:password@host:587` (STARTTLS) or `smtps://...` (TLS from the start). */

/** The options a URL stands for, or undefined where it is none; problems are the reader's to find. */
export function optionsOfUrl(text: string): object | undefined {
  const match = /^smtps?:\/\//i.exec(text);
  // URL() leaves hosts of schemes it does not know alone, so let it read the rest as https.
  const rest = match === null ? "" : `https://${text.slice(match[0].length)}`;
  // URL() would drop line ends and tabs without a word, and what is left be another password.
  if (match === null || /[^ -~\u00a0-\uffff]/.test(text) || !URL.canParse(rest)) return undefined;
  const url = new URL(rest);
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") return undefined;
  const isImplicit = match[0].toLowerCase() === "smtps://";
  // 443 is what URL() leaves out for https.
  const port = /:443\/?$/.test(text) ? 443 : url.port === "" ? undefined : Number(url.port);
  return {
    host: url.hostname,
    port,
    security: isImplicit ? "tls" : undefined,
    username: decoded(url.username),
    password: decoded(url.password),
  };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
