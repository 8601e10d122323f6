/** The programs that are run and weighed, made by esbuild with the repository's own aliases. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

import type { Contender, Runtime } from "./contender.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** A sender: the peer behind HTTP. */
export async function senderBundle({ peer, runtime }: Contender): Promise<string> {
  const start =
    runtime === "node"
      ? `import { serve } from "./node-sender.ts"; serve(peer);`
      : `import { workerOf } from "./worker.ts"; export default workerOf(peer);`;
  return bundled(`import { peer } from "./peers/${peer}.ts"; ${start}`, { runtime });
}

/** The smallest Workers that send a mail through a library, by name; "empty" does not. */
export const SMALLEST = {
  empty: "",
  Postrider: `
    import { createMailer } from "../../src/index.ts";
    const send = (env) => createMailer({ relay: env.RELAY }).send(MAIL);`,
  nodemailer: `
    import { createTransport } from "nodemailer";
    const send = (env) => createTransport(env.RELAY).sendMail(MAIL);`,
  "worker-mailer": `
    import { WorkerMailer } from "worker-mailer";
    const send = (env) => WorkerMailer.send(env.RELAY, MAIL);`,
} as const;

export type Smallest = keyof typeof SMALLEST;

/** It answers every path, and sends only at `/send`, so that a start can be told from a send. */
export async function smallestBundle(name: Smallest): Promise<string> {
  const mail = `{ from: "a@example.com", to: "b@example.org", subject: "Hello", text: "Hello" }`;
  const sending = name === "empty" ? "" : `if (request.url.endsWith("/send")) await send(env);`;
  const source = `${SMALLEST[name].replace("MAIL", mail)}
    export default { async fetch(request, env) { ${sending} return Response.json({ ok: true }); } };`;
  return bundled(source, { runtime: "workerd", minify: true });
}

/** Octets after gzip -9. */
export function gzippedSize(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

async function bundled(
  contents: string,
  { runtime, minify = false }: { readonly runtime: Runtime; readonly minify?: boolean },
): Promise<string> {
  const isNode = runtime === "node";
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: HERE, loader: "js" },
    bundle: true,
    write: false,
    minify,
    format: "esm",
    target: "es2023",
    platform: isNode ? "node" : "neutral",
    mainFields: ["module", "main"],
    conditions: isNode ? ["import", "node"] : ["workerd", "worker", "import"],
    external: isNode ? [] : ["cloudflare:*", "node:*", ...BUILT_IN],
    alias: { ...aliases(), "#connect": `${ROOT}src/net/${isNode ? "node" : "cloudflare"}.ts` },
    absWorkingDir: ROOT,
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

/** What nodemailer imports without `node:`. */
const BUILT_IN = [
  "assert",
  "crypto",
  "dns",
  "events",
  "fs",
  "http",
  "https",
  "net",
  "os",
  "path",
].concat([
  "child_process",
  "querystring",
  "stream",
  "string_decoder",
  "tls",
  "url",
  "util",
  "zlib",
]);

function aliases(): Record<string, string> {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const found = (scripts["build:bundle"] ?? "").matchAll(/--alias:([^\s=]+)=(\S+)/g);
  return Object.fromEntries(Array.from(found, ([, from = "", to = ""]) => [from, to]));
}
