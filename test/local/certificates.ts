/**
 * The fixtures of `test/certs`: the local relay's certificates, and the bundle by which Node and
 * workerd come to trust them. See `test/certs/README.md`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a client that trusts the test CA makes of it: `good` connects, the others must be refused. */
export type CertificateName = "good" | "wrong-host" | "expired" | "other-ca";

/** The certificate and key to serve under that name. */
export function certificate(name: CertificateName): {
  readonly cert: string;
  readonly key: string;
} {
  return { cert: fixture(`${name}.pem`), key: fixture(`${name}.key.pem`) };
}

/** The certificate of the test CA, as PEM. */
export function testCa(): string {
  return fixture("ca.pem");
}

/**
 * Writes a bundle into `folder` and returns its path, for NODE_EXTRA_CA_CERTS of a new process: the
 * test CA plus whatever the variable names already, which a proxy on this machine may depend on.
 */
export function writeCaBundle(folder: string): string {
  const named = process.env["NODE_EXTRA_CA_CERTS"];
  const path = join(folder, "ca-bundle.pem");
  writeFileSync(path, [testCa(), ...(named ? [readOrNothing(named)] : [])].join("\n"));
  return path;
}

function fixture(file: string): string {
  return readFileSync(new URL(`../certs/${file}`, import.meta.url), "utf8");
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    // Node itself only warns where the variable names no file.
    return "";
  }
}
