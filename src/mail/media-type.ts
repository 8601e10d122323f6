/** The media type of an attachment (RFC 2045 §5.1): parsed strictly, or told from the file name. */
import { invalid, valid } from "../result.ts";
import type { Result } from "../result.ts";

/** What an attachment is when nothing says more (RFC 2046 §4.5.1). */
export const UNKNOWN_TYPE = "application/octet-stream";

/** RFC 6838 §4.2 allows 127 for each half of the name; the rest is for parameters. */
const MAX_LENGTH = 320;

/** The first extension of a type is the one that an unnamed attachment gets. */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["txt", "text/plain"],
  ["text", "text/plain"],
  ["log", "text/plain"],
  ["md", "text/markdown"],
  ["html", "text/html"],
  ["htm", "text/html"],
  ["css", "text/css"],
  ["csv", "text/csv"],
  ["ics", "text/calendar"],
  ["vcf", "text/vcard"],
  ["xml", "application/xml"],
  ["json", "application/json"],
  ["js", "text/javascript"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["gz", "application/gzip"],
  ["tar", "application/x-tar"],
  ["7z", "application/x-7z-compressed"],
  ["rtf", "application/rtf"],
  ["doc", "application/msword"],
  ["xls", "application/vnd.ms-excel"],
  ["ppt", "application/vnd.ms-powerpoint"],
  ["docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
  ["xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"],
  ["pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"],
  ["odt", "application/vnd.oasis.opendocument.text"],
  ["ods", "application/vnd.oasis.opendocument.spreadsheet"],
  ["epub", "application/epub+zip"],
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["gif", "image/gif"],
  ["webp", "image/webp"],
  ["avif", "image/avif"],
  ["svg", "image/svg+xml"],
  ["bmp", "image/bmp"],
  ["tif", "image/tiff"],
  ["tiff", "image/tiff"],
  ["ico", "image/vnd.microsoft.icon"],
  ["mp3", "audio/mpeg"],
  ["wav", "audio/wav"],
  ["ogg", "audio/ogg"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
  ["mov", "video/quicktime"],
  ["eml", "message/rfc822"],
]);

/** The type that the extension of the file name stands for, else {@link UNKNOWN_TYPE}. */
export function typeOfFilename(filename: string): string {
  const extension = filename.slice(filename.lastIndexOf(".") + 1).toLowerCase();
  return TYPES.get(extension) ?? UNKNOWN_TYPE;
}

/** A file extension for the type, `bin` where none is known. */
export function extensionOfType(type: string): string {
  const bare = type.split(";", 1)[0];
  for (const [extension, known] of TYPES) if (known === bare) return extension;
  return "bin";
}

/**
 * Returns `type/subtype; name=value` in canonical form, or a sentence that says what is wrong. Types
 * that only a composer may use are refused: a `multipart/...` of the caller's would break ours.
 */
export function parseMediaType(text: string): Result<string, string> {
  if (text.length > MAX_LENGTH) return invalid(`It has more than ${MAX_LENGTH} characters.`);
  const semicolon = text.indexOf(";");
  const name = NAME.exec(semicolon === -1 ? text : text.slice(0, semicolon))?.[1]?.toLowerCase();
  if (name === undefined) {
    return invalid("A media type is like `text/plain` or `text/plain; charset=utf-8`.");
  }
  if (name.startsWith("multipart/")) return invalid("An attachment may not be `multipart`.");
  if (name === "message/partial" || name === "message/external-body") {
    return invalid(`An attachment may not be \`${name}\`.`);
  }
  if (semicolon === -1) return valid(name);
  const parameters = parseParameters(text.slice(semicolon + 1));
  if (!parameters.ok) return parameters;
  return valid([name, ...parameters.value].join("; "));
}

/**
 * RFC 6838 §4.2, with blanks around it and nothing else: trim() drops what nobody sees, and toLowerCase()
 * makes an ASCII letter of the Kelvin sign.
 */
const NAME = /^[\t ]*([!#$&^_.+A-Za-z0-9-]{1,127}\/[!#$&^_.+A-Za-z0-9-]{1,127})[\t ]*$/;

/** RFC 2045 §5.1: a token, or a quoted string of printable ASCII. */
const PARAMETER =
  / *([!#$&^_.+A-Za-z0-9-]{1,64})=(?:([!#$%&'*+\-.^_`{|}~A-Za-z0-9]{1,200})|"([ !#-[\]-~]{0,200})") *(?:;|$)/y;

function parseParameters(text: string): Result<string[], string> {
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = 0;
  for (let at = 0; at < text.length; at = PARAMETER.lastIndex) {
    const [whole, spelling = "", token, quoted = ""] = PARAMETER.exec(text) ?? [];
    const name = spelling.toLowerCase();
    if (whole === undefined) return invalid("A parameter is like `charset=utf-8`.");
    if (parameters.has(name)) return invalid(`The parameter \`${name}\` is there twice.`);
    if (name === "name" || name === "boundary") {
      return invalid(`The parameter \`${name}\` is not the caller's to set.`);
    }
    parameters.set(name, token ?? `"${quoted}"`);
  }
  return valid(Array.from(parameters, ([name, value]) => `${name}=${value}`));
}
