/**
 * Sends one mail with the built library, as its users do: `import { createMailer } from "postrider"`.
 * A process of its own, because Node reads NODE_EXTRA_CA_CERTS only when it starts. Takes
 * `{ relay, mail }` as JSON on standard input, and prints the Outcome as JSON.
 */
import { text } from "node:stream/consumers";

/** What the demo uses of the library's interface. */
interface Library {
  readonly createMailer: (options: { readonly relay: unknown }) => {
    submit(mail: unknown): Promise<{ readonly status: string }>;
    close(): Promise<void>;
  };
}

// The name is a variable, so that the types are not asked for before the library is built.
const name = "postrider";
// The package's published interface and the demo's input are what this trusts.
const library = (await import(name)) as Library;
const { relay, mail } = JSON.parse(await text(process.stdin)) as { relay: unknown; mail: unknown };

const mailer = library.createMailer({ relay });
try {
  process.stdout.write(JSON.stringify(await mailer.submit(mail)));
} finally {
  await mailer.close();
}
