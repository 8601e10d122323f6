/**
 * Postfix as Debian packs it, with Cyrus SASL. An instance lives in a temporary folder with a
 * configuration, a queue and mailboxes of its own; `/etc/postfix` and port 25 are never touched.
 * It must be started by root, as every Postfix.
 */
import { chmodSync, existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { certificate } from "../local/certificates.ts";
import { freePort } from "../local/ports.ts";
import { eventually, greets, ProcessGroup, run } from "./processes.ts";
import { ACCOUNTS, BUSY_RECIPIENT, DOMAIN, UNKNOWN_RECIPIENT, withoutTrace } from "./server.ts";
import type { RelayServer, RunningServer, ServerOptions } from "./server.ts";

/** SASL mechanisms of libsasl2-modules that a client should still have. */
const AUTH_MECHANISMS = ["PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"];
const HOST = "relay.example.org";
/** Debian's `nobody` and `nogroup`: mailboxes belong to nobody. */
const NOBODY = 65534;

export const postfix: RelayServer = {
  name: "Postfix",
  authMechanisms: AUTH_MECHANISMS,
  async start(options) {
    assertInstalled();
    const folder = mkdtempSync(join(tmpdir(), "postrider-postfix-"));
    try {
      const ports = { submissionPort: await freePort(), tlsPort: await freePort() };
      configure(folder, ports, options);
      return await new PostfixInstance(folder, ports).ready();
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  },
};

type Ports = Pick<RunningServer, "submissionPort" | "tlsPort">;

function assertInstalled(): void {
  const missing = ["/usr/sbin/postfix", "/usr/sbin/saslpasswd2"].filter(
    (path) => !existsSync(path),
  );
  if (missing.length > 0) {
    throw new Error(`No ${missing.join(", ")}: run test/relays/install.sh as root first.`);
  }
  if (process.getuid?.() !== 0) {
    throw new Error("Postfix is started by root only: run the tests of test/relays as root.");
  }
}

function configure(folder: string, ports: Ports, options: ServerOptions): void {
  // mkdtemp makes it for root alone; the daemons run as other users.
  chmodSync(folder, 0o755);
  for (const name of ["conf/sasl", "queue", "data", "mail/new"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  const write = (name: string, lines: readonly string[]): void =>
    writeFileSync(join(folder, "conf", name), `${lines.join("\n")}\n`);
  write("main.cf", mainCf(folder, options));
  write("master.cf", masterCf(ports));
  const { cert, key } = certificate("good");
  write("certificate.pem", [key, cert]);
  write("sasl/smtpd.conf", [
    "pwcheck_method: auxprop",
    "auxprop_plugin: sasldb",
    `sasldb_path: ${folder}/conf/sasl/users`,
    `mech_list: ${AUTH_MECHANISMS.join(" ")}`,
  ]);
  for (const { username, password } of ACCOUNTS) {
    const file = join(folder, "conf/sasl/users");
    run("saslpasswd2", ["-p", "-c", "-f", file, "-u", HOST, username], password);
  }
  run("chown", ["-R", "postfix", join(folder, "data"), join(folder, "conf/sasl/users")]);
  run("chown", ["-R", `${NOBODY}:${NOBODY}`, join(folder, "mail")]);
}

function mainCf(folder: string, options: ServerOptions): readonly string[] {
  const discard = [
    ...(options.pipelining ? [] : ["pipelining"]),
    ...(options.chunking ? [] : ["chunking"]),
  ];
  return [
    "compatibility_level = 3.6",
    `queue_directory = ${folder}/queue`,
    `data_directory = ${folder}/data`,
    `maillog_file = ${folder}/log`,
    `maillog_file_prefixes = ${folder}`,
    "inet_interfaces = 127.0.0.1",
    "inet_protocols = ipv4",
    `myhostname = ${HOST}`,
    "mynetworks =",
    "disable_dns_lookups = yes",
    "smtpd_peername_lookup = no",
    // Nothing leaves this machine.
    "mydestination =",
    "relayhost =",
    "default_transport = error:no way out",
    "relay_transport = error:no way out",
    "local_transport = error:no way out",
    "alias_maps =",
    // What cannot be delivered is taken all the same, and then comes back.
    "smtpd_reject_unlisted_recipient = no",
    "notify_classes =",
    // One Maildir for all recipients; Delivered-To tells them apart.
    `virtual_mailbox_domains = ${DOMAIN}`,
    `virtual_mailbox_base = ${folder}`,
    "virtual_mailbox_maps = static:mail/",
    `virtual_uid_maps = static:${NOBODY}`,
    `virtual_gid_maps = static:${NOBODY}`,
    "virtual_mailbox_limit = 0",
    "hash_queue_names = defer",
    `message_size_limit = ${options.sizeLimit}`,
    `smtpd_recipient_limit = ${options.recipientLimit}`,
    `smtpd_discard_ehlo_keywords = ${discard.join(", ")}`,
    // Strict where Postfix can be: what it would mend, or hide, is to be seen.
    "strict_rfc821_envelopes = yes",
    "smtpd_forbid_bare_newline = reject",
    "smtpd_forbid_unauth_pipelining = yes",
    "local_header_rewrite_clients =",
    "message_drop_headers =",
    // Refusals are on purpose here, and not to be slowed down.
    "smtpd_error_sleep_time = 0",
    "smtpd_hard_error_limit = 1000",
    `smtpd_tls_chain_files = ${folder}/conf/certificate.pem`,
    "smtpd_tls_security_level = encrypt",
    "smtpd_tls_auth_only = yes",
    "smtpd_sasl_auth_enable = yes",
    `smtpd_sasl_local_domain = ${HOST}`,
    // Debian reads $config_directory/sasl whatever this says.
    `cyrus_sasl_config_path = ${folder}/conf/sasl`,
    "smtpd_client_restrictions = permit_sasl_authenticated, reject",
    "smtpd_relay_restrictions = permit_sasl_authenticated, reject",
    "smtpd_recipient_restrictions = check_recipient_access inline:{" +
      ` {${UNKNOWN_RECIPIENT} = 550 5.1.1 No such user},` +
      ` {${BUSY_RECIPIENT} = 450 4.2.1 Mailbox busy} }, permit`,
  ];
}

function masterCf({ submissionPort, tlsPort }: Ports): readonly string[] {
  return [
    `127.0.0.1:${submissionPort} inet n - n - - smtpd`,
    `127.0.0.1:${tlsPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes`,
    "qmgr unix n - n 300 1 qmgr",
    "cleanup unix n - n - 0 cleanup",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "proxymap unix - - n - - proxymap",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "virtual unix - n n - - virtual",
    "anvil unix - - n - 1 anvil",
    "postlog unix-dgram n - n - 1 postlogd",
  ];
}

class PostfixInstance implements RunningServer {
  readonly submissionPort: number;
  readonly tlsPort: number;
  readonly #folder: string;
  readonly #processes: ProcessGroup;
  readonly #read = new Map<string, ReturnType<typeof withoutTrace>>();

  constructor(folder: string, ports: Ports) {
    this.#folder = folder;
    ({ submissionPort: this.submissionPort, tlsPort: this.tlsPort } = ports);
    const conf = join(folder, "conf");
    run("postfix", ["-c", conf, "check"]); // Makes the queue's folders.
    const daemons = run("postconf", ["-c", conf, "-h", "daemon_directory"]).trim();
    this.#processes = new ProcessGroup(folder, join(daemons, "master"), ["-c", conf]);
  }

  async ready(): Promise<this> {
    if (await eventually(() => greets(this.submissionPort))) return this;
    const log = this.log();
    await this.stop();
    throw new Error(`Postfix did not start.\n${log}`);
  }

  async stored(recipient: string): Promise<readonly Buffer[]> {
    // Twice: between two looks a bounce may take the place of what it is about.
    const isIdle = (): boolean => this.#queued() === 0 && this.#queued() === 0;
    if (!(await eventually(isIdle))) throw new Error(`Mail is stuck in the queue.\n${this.log()}`);
    const mailbox = join(this.#folder, "mail/new");
    for (const name of readdirSync(mailbox)) {
      if (this.#read.has(name)) continue;
      this.#read.set(name, withoutTrace(readFileSync(join(mailbox, name))));
    }
    return [...this.#read.values()]
      .filter(({ trace }) => trace.includes(`\nDelivered-To: ${recipient}\n`))
      .map(({ content }) => content);
  }

  log(): string {
    const path = join(this.#folder, "log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  async stop(): Promise<void> {
    const log = this.log();
    const ended = await this.#processes.stop();
    if (!ended) throw new Error(`Postfix did not end by itself.\n${log}`);
  }

  /** Messages on their way, from `incoming` to `active`. A deferred one would be so for minutes. */
  #queued(): number {
    const count = (queue: string): number => readdirSync(join(this.#folder, "queue", queue)).length;
    if (count("deferred") > 0) throw new Error(`A mail was deferred.\n${this.log()}`);
    return count("incoming") + count("active");
  }
}
