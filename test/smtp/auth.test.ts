/** AUTH with mechanisms that take their time, through the whole dialogue (RFC 4954 §4). */
import { createHash, createHmac, pbkdf2Sync } from "node:crypto";

import { describe, expect, it } from "vitest";

import { Dialogue } from "../../src/smtp/dialogue.ts";
import type { DialogueOptions, Effect } from "../../src/smtp/effect.ts";
import type { Credentials, MechanismFactory } from "../../src/smtp/sasl/mechanism.ts";
import { mechanismOf } from "../../src/smtp/sasl/mechanisms.ts";
import { encode, summary } from "./transcript.ts";

const PASSWORD = "pencil-and-paper";
const ANN: Credentials = { username: "ann@example.com", password: PASSWORD };

/** What a relay answers to a line in AUTH; undefined where it is none of its lines. */
type Script = (line: string) => string | undefined;

interface Ran {
  readonly lines: readonly string[];
  readonly outcome: object;
  readonly dialogue: Dialogue;
}

/** Runs one mail against a relay that offers these mechanisms and answers AUTH by the script. */
async function run(
  offered: string,
  script: Script,
  options: Partial<DialogueOptions> = {},
): Promise<Ran> {
  const dialogue = new Dialogue({
    security: "none",
    allowInsecureAuth: true,
    ehloName: "client.example.com",
    credentials: ANN,
    ...options,
  });
  const lines: string[] = [];
  let outcome: object = {};
  const todo: Effect[] = [
    ...dialogue.submit({
      reversePath: "ann@example.com",
      forwardPaths: ["bob@example.org"],
      smtpUtf8: false,
      recipientPolicy: "any",
    }),
    ...dialogue.start(),
    ...dialogue.receive(encode("220 relay.example.net\r\n")),
  ];
  for (let effect = todo.shift(); effect !== undefined; effect = todo.shift()) {
    if (effect.type === "settle") outcome = summary(effect.outcome);
    if (effect.type === "ask") {
      const { mechanism, challenge } = effect.question;
      const asked = async () =>
        challenge === undefined ? mechanism.start() : mechanism.next(challenge);
      const answer = await asked().catch((error: Error) => ({ reason: error.message }));
      todo.push(...dialogue.answer(answer));
    }
    if (effect.type !== "write") continue;
    const line = new TextDecoder().decode(effect.bytes).trimEnd();
    lines.push(line);
    const reply = line.startsWith("EHLO")
      ? `250-relay.example.net\r\n250 AUTH ${offered}`
      : line.startsWith("MAIL")
        ? "451 That will do"
        : line === "QUIT"
          ? "221 Bye"
          : (script(line) ?? "500 What?");
    todo.push(...dialogue.receive(encode(`${reply}\r\n`)));
  }
  return { lines, outcome, dialogue };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const plainOf = (text: string): string => Buffer.from(text, "base64").toString();

/** A SCRAM-SHA-256 server that knows the password, written from RFC 5802 §3 with node:crypto. */
function scramServer(cheat: "none" | "signature" | "no-proof" | "iterations" = "none"): Script {
  const salt = Buffer.from("0123456789abcdef");
  const iterations = cheat === "iterations" ? 100_001 : 4096;
  let first = "";
  let serverFirst = "";
  return (line) => {
    if (line === "*") return "501 5.7.0 Cancelled";
    if (line === "") return "235 2.7.0 Welcome";
    const text = plainOf(line.replace(/^AUTH SCRAM-SHA-256 /, ""));
    if (line.startsWith("AUTH ")) {
      first = text.replace(/^n,,/, "");
      serverFirst = `${first.replace(/^.*r=/, "r=")}server,s=${salt.toString("base64")},i=${iterations}`;
      return `334 ${base64(serverFirst)}`;
    }
    if (cheat === "no-proof") return "235 2.7.0 Welcome";
    const withoutProof = text.replace(/,p=.*$/, "");
    const message = `${first},${serverFirst},${withoutProof}`;
    const salted = pbkdf2Sync(PASSWORD, salt, iterations, 32, "sha256");
    const hmac = (key: Buffer, data: string) => createHmac("sha256", key).update(data).digest();
    const stored = createHash("sha256").update(hmac(salted, "Client Key")).digest();
    const signature = hmac(stored, message);
    const proof = Buffer.from(/,p=(.*)$/.exec(text)?.[1] ?? "", "base64");
    const key = Buffer.from(proof.map((octet, at) => octet ^ (signature[at] ?? 0)));
    const isRight = createHash("sha256").update(key).digest().equals(stored);
    if (!isRight) return "535 5.7.8 No";
    const verifier = hmac(hmac(salted, "Server Key"), cheat === "signature" ? "x" : message);
    return `334 ${base64(`v=${verifier.toString("base64")}`)}`;
  };
}

describe("SCRAM", () => {
  it("comes before PLAIN, and the mail follows once both have proved themselves", async () => {
    const { lines, outcome, dialogue } = await run("PLAIN SCRAM-SHA-256 LOGIN", scramServer());
    expect(lines[1]).toMatch(/^AUTH SCRAM-SHA-256 biws/u);
    expect(lines.slice(3, 5)).toStrictEqual(["", "MAIL FROM:<ann@example.com>"]);
    expect(outcome).toMatchObject({ status: "deferred", stage: "mail", code: 451 });
    expect(dialogue.transcript).toContain("C: AUTH SCRAM-SHA-256 ***");
  });

  it.each(["signature", "no-proof", "iterations"] as const)(
    "gives up on a relay that cheats, and tries nothing weaker: %s",
    async (cheat) => {
      const { lines, outcome } = await run("PLAIN LOGIN SCRAM-SHA-256", scramServer(cheat));
      expect(outcome).toMatchObject({ status: "refused", cause: "auth", stage: "auth" });
      expect(lines.filter((line) => /^(?:AUTH PLAIN|AUTH LOGIN|MAIL)/.test(line))).toStrictEqual(
        [],
      );
      expect(lines.at(-1)).toBe("QUIT");
    },
  );

  it("refuses a wrong password", async () => {
    const credentials = { username: "ann@example.com", password: "something else" };
    const { outcome } = await run("SCRAM-SHA-256", scramServer(), { credentials });
    expect(outcome).toMatchObject({ status: "refused", cause: "auth", code: 535 });
  });
});

describe("a token", () => {
  const expired = base64('{"status":"401","schemes":"bearer"}');
  /** Takes the token that says so, and tells of any other that it has expired. */
  const relay: Script = (line) => {
    if (line === "" || line === "AQ==") return "535 5.7.8 Expired";
    return plainOf(line.replace(/^AUTH \S+ /, "")).includes("Bearer fresh")
      ? "235 2.7.0 Welcome"
      : `334 ${expired}`;
  };

  it.each(["XOAUTH2", "OAUTHBEARER"])(
    "is fetched anew once where it has expired: %s",
    async (name) => {
      const asked: boolean[] = [];
      const accessToken = async ({ refresh }: { readonly refresh: boolean }): Promise<string> => {
        asked.push(refresh);
        return Promise.resolve(refresh ? "fresh-token" : "stale-token");
      };
      const credentials = { username: "ann@example.com", accessToken };
      const { lines, outcome, dialogue } = await run(`PLAIN ${name}`, relay, { credentials });
      expect(asked).toStrictEqual([false, true]);
      expect(lines.filter((line) => line.startsWith("AUTH "))).toHaveLength(2);
      expect(outcome).toMatchObject({ stage: "mail", code: 451 });
      expect(JSON.stringify(dialogue.transcript)).not.toMatch(/fresh-token|stale-token/);
    },
  );

  it("is not fetched a third time, and the relay's reason is told", async () => {
    const asked: boolean[] = [];
    const accessToken = ({ refresh }: { readonly refresh: boolean }): string => {
      asked.push(refresh);
      return "stale-token";
    };
    const credentials = { username: "ann@example.com", accessToken };
    const { lines, outcome } = await run("XOAUTH2", relay, { credentials });
    expect(asked).toStrictEqual([false, true]);
    expect(outcome).toMatchObject({ status: "refused", cause: "auth", code: 535 });
    expect(JSON.stringify(outcome)).toContain("401");
    expect(lines.at(-1)).toBe("QUIT");
  });

  it("goes out by no mechanism for passwords", async () => {
    const credentials = { username: "ann@example.com", accessToken: "t0ken-t0ken" };
    const { lines, outcome } = await run("PLAIN LOGIN SCRAM-SHA-256", relay, { credentials });
    expect(outcome).toMatchObject({ status: "refused", cause: "auth" });
    expect(lines).toStrictEqual(["EHLO client.example.com", "QUIT"]);
  });

  it("that cannot be fetched ends it before AUTH", async () => {
    const accessToken = (): Promise<string> => Promise.reject(new Error("the issuer is down"));
    const credentials = { username: "ann@example.com", accessToken };
    const { lines, outcome } = await run("XOAUTH2", relay, { credentials });
    expect(lines).toStrictEqual(["EHLO client.example.com", "QUIT"]);
    expect(JSON.stringify(outcome)).toContain("could not be fetched");
  });
});

describe("the choice of a mechanism", () => {
  const factory = (name: string): MechanismFactory => {
    const found = mechanismOf(name);
    if (found === undefined) throw new Error(`no ${name}`);
    return found;
  };

  it("leaves CRAM-MD5 out unless it is named", async () => {
    const relay: Script = (line) =>
      line === "AUTH CRAM-MD5" ? `334 ${base64("<1@x>")}` : "235 OK";
    const without = await run("CRAM-MD5", relay);
    expect(without.outcome).toMatchObject({ status: "refused", cause: "auth" });
    const named = await run("CRAM-MD5", relay, { mechanisms: [factory("cram-md5")] });
    expect(named.outcome).toMatchObject({ stage: "mail" });
    const digest = createHmac("md5", PASSWORD).update("<1@x>").digest("hex");
    expect(named.lines[2]).toBe(base64(`ann@example.com ${digest}`));
  });

  it("follows the order given", async () => {
    const mechanisms = [factory("LOGIN"), factory("PLAIN")];
    const { lines } = await run("PLAIN LOGIN", () => "535 No", { mechanisms });
    expect(lines.slice(1)).toStrictEqual(["AUTH LOGIN", "QUIT"]);
  });

  it("takes a mechanism of the caller's own", async () => {
    const own: MechanismFactory = {
      name: "X-OWN",
      create: () => ({ name: "X-OWN", start: () => encode("hi"), next: () => encode("") }),
    };
    const { lines, outcome } = await run("X-OWN", () => "235 OK", { mechanisms: [own] });
    expect(lines[1]).toBe("AUTH X-OWN aGk=");
    expect(outcome).toMatchObject({ stage: "mail" });
  });
});

it("takes no reply while a mechanism is being asked", () => {
  const dialogue = new Dialogue({
    security: "none",
    allowInsecureAuth: true,
    ehloName: "client.example.com",
    credentials: ANN,
  });
  dialogue.start();
  dialogue.receive(encode("220 x\r\n"));
  expect(dialogue.receive(encode("250-x\r\n250 AUTH PLAIN\r\n"))).toMatchObject([{ type: "ask" }]);
  expect(dialogue.isAwaiting).toBe(false);
  expect(dialogue.receive(encode("235 OK\r\n"))).toMatchObject([{ type: "close" }]);
  expect(dialogue.failure).toMatchObject({ cause: "protocol", stage: "auth" });
});

it("gives up where a long initial response and its challenge never end", async () => {
  const credentials = { username: "ann@example.com", password: "x".repeat(600) };
  const { lines, outcome } = await run("PLAIN", (line) => (line === "*" ? "501 OK" : "334 "), {
    credentials,
  });
  expect(lines[1]).toBe("AUTH PLAIN");
  expect(lines[2]).toHaveLength(824);
  expect(lines.at(-2)).toBe("*");
  expect(lines.length).toBeLessThan(14);
  expect(outcome).toMatchObject({ status: "refused", cause: "auth" });
});
