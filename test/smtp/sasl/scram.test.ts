/** SCRAM (RFC 5802, RFC 7677): the RFCs' exchanges, an independent server, and servers that cheat. */
import * as fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";

import { decodeBase64 } from "../../../src/smtp/sasl/base64.ts";
import type { Mechanism, PasswordCredentials } from "../../../src/smtp/sasl/mechanism.ts";
import { scram, SCRAM_SHA_1, SCRAM_SHA_256 } from "../../../src/smtp/sasl/scram.ts";
import { octets, reason, text } from "./octets.ts";
import { ScramServer } from "./scram-server.ts";

const RFC_5802 = {
  hash: "SHA-1",
  nonce: "fyko+d2lbbFgONRv9qkxdawL",
  first: "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
  serverFirst: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
  final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
  serverFinal: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
} as const;

const RFC_7677 = {
  hash: "SHA-256",
  nonce: "rOprNGfwEbeRWgbNEkqO",
  first: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst:
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  final:
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
} as const;

type Vector = typeof RFC_5802 | typeof RFC_7677;

const RFC_CREDENTIALS = { username: "user", password: "pencil" };

afterEach(() => {
  vi.restoreAllMocks();
});

function created(
  factory: ReturnType<typeof scram>,
  credentials: PasswordCredentials = RFC_CREDENTIALS,
): Mechanism {
  const mechanism = factory.create(credentials);
  if (mechanism === undefined) throw new Error("no mechanism");
  return mechanism;
}

/** The client of an RFC's example, with the nonce of the example. */
function client({ hash, nonce }: Vector, credentials = RFC_CREDENTIALS): Mechanism {
  return created(
    scram(hash, () => decodeBase64(nonce) ?? new Uint8Array()),
    credentials,
  );
}

/** The same, when it has sent its proof. */
async function answered(vector: Vector): Promise<Mechanism> {
  const mechanism = client(vector);
  await mechanism.start();
  expect(text(await mechanism.next(octets(vector.serverFirst)))).toBe(vector.final);
  return mechanism;
}

describe.each([
  ["RFC 5802 §5", RFC_5802],
  ["RFC 7677 §3", RFC_7677],
])("the exchange of %s", (_, vector) => {
  it("comes out octet for octet, and the server is proven at its end only", async () => {
    const mechanism = client(vector);
    expect(text(await mechanism.start())).toBe(vector.first);
    expect(mechanism.isProven).toBe(false);
    expect(text(await mechanism.next(octets(vector.serverFirst)))).toBe(vector.final);
    expect(mechanism.isProven).toBe(false);
    expect(await mechanism.next(octets(vector.serverFinal))).toEqual(new Uint8Array());
    expect(mechanism.isProven).toBe(true);
  });

  it("does not outlive its end: a challenge after success takes the proof back", async () => {
    const mechanism = await answered(vector);
    await mechanism.next(octets(vector.serverFinal));
    expect(reason(await mechanism.next(octets(vector.serverFinal)))).toContain("none is due");
    expect(mechanism.isProven).toBe(false);
  });

  it("says its first message again, once, to an empty challenge (RFC 4954 §4)", async () => {
    const mechanism = client(vector);
    await mechanism.start();
    expect(text(await mechanism.next(new Uint8Array()))).toBe(vector.first);
    expect(text(await mechanism.next(octets(vector.serverFirst)))).toBe(vector.final);

    const other = client(vector);
    await other.start();
    await other.next(new Uint8Array());
    expect(reason(await other.next(new Uint8Array()))).toContain("server-first-message");
  });
});

describe("the first message", () => {
  it("writes a comma and an equals sign as RFC 5802 §5.1 has it", async () => {
    const mechanism = client(RFC_5802, { username: "a,b=c=2C", password: "x" });
    expect(text(await mechanism.start())).toBe(`n,,n=a=2Cb=3Dc=3D2C,r=${RFC_5802.nonce}`);
  });

  it.each([SCRAM_SHA_1, SCRAM_SHA_256])(
    "of $name has a new nonce of 18 octets",
    async (factory) => {
      const nonces = new Set<string>();
      for (let i = 0; i < 20; i += 1) {
        const [, nonce = ""] = text(await created(factory).start()).split(",r=");
        expect(decodeBase64(nonce)).toHaveLength(18);
        nonces.add(nonce);
      }
      expect(nonces.size).toBe(20);
    },
  );

  it("is for passwords alone", () => {
    expect(SCRAM_SHA_256.create({ username: "ann", accessToken: "token" })).toBeUndefined();
  });

  it.each([
    ["user name", { username: "a\u0007", password: "secret-1" }],
    ["user name", { username: "\u00ad", password: "secret-1" }],
    ["password", { username: "ann", password: "secret-1\ud800" }],
    ["password", { username: "ann", password: "secret-1\u0378" }],
    ["password", { username: "ann", password: "\u05d0secret-1" }],
  ])("is not sent where the %s cannot be prepared", (field, credentials) => {
    const mechanism = created(SCRAM_SHA_256, credentials);
    const start = (): unknown => mechanism.start();
    expect(start).toThrow(TypeError);
    expect(start).toThrow(`the ${field} `);
    expect(start).not.toThrow("secret-1");
  });
});

describe("a server-first-message", () => {
  const { nonce } = RFC_5802;
  const ending = "s=QSXCR+Q6sek8bf92,i=4096";

  it.each([
    ["as it should be", `r=${nonce}x,${ending}`],
    ["with extensions we do not know", `r=${nonce}x,${ending},x=1,M==,i=1`],
    ["with the most iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=100000`],
  ])("%s is answered", async (_, message) => {
    const mechanism = client(RFC_5802);
    await mechanism.start();
    const answer = text(await mechanism.next(octets(message)));
    expect(answer).toContain(`c=biws,r=${nonce}x,p=`);
  });

  const limits = /4096.*100000/;
  it.each<[string, string | Uint8Array, string | RegExp]>([
    ["a nonce that is only ours", `r=${nonce},${ending}`, "our nonce"],
    ["a nonce shorter than ours", `r=${nonce.slice(0, -1)},${ending}`, "our nonce"],
    ["another nonce", `r=xyko+d2lbbFgONRv9qkxdawL3rfc,${ending}`, "our nonce"],
    ["our nonce at the end", `r=x${nonce},${ending}`, "our nonce"],
    ["our nonce in other letters", `r=${nonce.toLowerCase()}x,${ending}`, "our nonce"],
    ["an empty nonce", `r=,${ending}`, "our nonce"],
    ["a space in the nonce", `r=${nonce} x,${ending}`, "our nonce"],
    ["DEL in the nonce", `r=${nonce}\x7f,${ending}`, "our nonce"],
    ["UTF-8 in the nonce", `r=${nonce}é,${ending}`, "our nonce"],
    ["m= first", `m=x,r=${nonce}x,${ending}`, "extension"],
    ["m= last", `r=${nonce}x,${ending},m=x`, "extension"],
    ["an extension without a value", `r=${nonce}x,${ending},x=`, "extension"],
    ["an extension without a name", `r=${nonce}x,${ending},=x`, "extension"],
    ["an extension of two letters", `r=${nonce}x,${ending},xy=1`, "extension"],
    ["NUL in an extension", `r=${nonce}x,${ending},x=\0`, "extension"],
    ["a comma at the end", `r=${nonce}x,${ending},`, "extension"],
    ["a salt of other letters", `r=${nonce}x,s=QSXCR!Q6sek8bf92,i=4096`, "salt"],
    ["a salt cut short", `r=${nonce}x,s=QSXCR+Q6sek8bf9,i=4096`, "salt"],
    ["a salt with padding inside", `r=${nonce}x,s=QSX=R+Q6sek8bf92,i=4096`, "salt"],
    ["a salt in base64url", `r=${nonce}x,s=QSXCR-Q6sek8bf92,i=4096`, "salt"],
    ["a salt with a line end", `r=${nonce}x,s=QSXCR+Q6sek8bf92\n,i=4096`, "salt"],
    ["an empty salt", `r=${nonce}x,s=,i=4096`, "salt"],
    ["4095 iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=4095`, limits],
    ["1 iteration", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=1`, limits],
    ["100001 iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=100001`, limits],
    ["iterations past 2^32", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=4294971392`, limits],
    ["iterations in exponents", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=1e99`, limits],
    ["5e3 iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=5e3`, limits],
    ["iterations in hex", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=0x1000`, limits],
    ["a space after iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=4096 `, limits],
    ["a space before iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i= 4096`, limits],
    ["a sign", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=+4096`, limits],
    ["a leading zero", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=04096`, limits],
    ["a fraction", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=4096.5`, limits],
    ["Arabic digits", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=٤٠٩٦`, limits],
    ["no number of iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92,i=`, limits],
    ["no iterations", `r=${nonce}x,s=QSXCR+Q6sek8bf92`, "server-first-message"],
    ["no salt", `r=${nonce}x,i=4096`, "server-first-message"],
    [
      "salt and iterations swapped",
      `r=${nonce}x,i=4096,s=QSXCR+Q6sek8bf92`,
      "server-first-message",
    ],
    ["salt and nonce swapped", `s=QSXCR+Q6sek8bf92,r=${nonce}x,i=4096`, "server-first-message"],
    ["a salt by another name", `r=${nonce}x,x=QSXCR+Q6sek8bf92,i=4096`, "server-first-message"],
    ["iterations by another name", `r=${nonce}x,s=QSXCR+Q6sek8bf92,x=4096`, "server-first-message"],
    ["names in upper case", `R=${nonce}x,S=QSXCR+Q6sek8bf92,I=4096`, "server-first-message"],
    ["a byte order mark", `\ufeffr=${nonce}x,${ending}`, "server-first-message"],
    ["the server-final-message", RFC_5802.serverFinal, "server-first-message"],
    ["an error", "e=unknown-user", "unknown-user"],
    ["what is no UTF-8", Uint8Array.of(0x72, 0x3d, 0xff), "UTF-8"],
  ])("with %s ends it before any key is derived", async (_, message, why) => {
    const deriveBits = vi.spyOn(crypto.subtle, "deriveBits");
    const mechanism = client(RFC_5802);
    await mechanism.start();
    const challenge = typeof message === "string" ? octets(message) : message;
    expect(reason(await mechanism.next(challenge))).toMatch(why);
    expect(deriveBits).not.toHaveBeenCalled();
    // And for good: what would have been right comes too late.
    expect(reason(await mechanism.next(octets(RFC_5802.serverFirst)))).toContain("none is due");
    expect(mechanism.isProven).toBe(false);
  });

  it("ends it where the platform refuses to derive the key, without the platform's words", async () => {
    vi.spyOn(crypto.subtle, "deriveBits").mockRejectedValue(new Error("not with pencil"));
    const mechanism = client(RFC_5802);
    await mechanism.start();
    const why = reason(await mechanism.next(octets(RFC_5802.serverFirst)));
    expect(why).toContain("SCRAM-SHA-1");
    expect(why).not.toContain("pencil");
    expect(mechanism.isProven).toBe(false);
  });
});

describe("a server-final-message", () => {
  const { serverFinal } = RFC_7677;

  it.each([
    ["as it should be", serverFinal],
    ["with extensions we do not know", `${serverFinal},x=1,y=2`],
  ])("%s proves the server", async (_, message) => {
    const mechanism = await answered(RFC_7677);
    expect(text(await mechanism.next(octets(message)))).toBe("");
    expect(mechanism.isProven).toBe(true);
  });

  it.each<[string, string | Uint8Array, string]>([
    ["nothing", "", "prove"],
    ["no value", "v=", "prove"],
    ["no v=", serverFinal.slice(2), "prove"],
    ["V=", serverFinal.replace("v", "V"), "prove"],
    ["another value", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=", "prove"],
    ["its first octet changed", serverFinal.replace("v=6", "v=7"), "prove"],
    ["its last octet missing", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95A==", "prove"],
    ["one octet alone", "v=6g==", "prove"],
    ["one octet more", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4A", "prove"],
    ["zeros", `v=${"A".repeat(43)}=`, "prove"],
    ["the signature of SHA-1", RFC_5802.serverFinal, "prove"],
    ["the client's own proof", `v=${RFC_7677.final.split("p=")[1]}`, "prove"],
    ["no padding", serverFinal.slice(0, -1), "prove"],
    ["a space", `${serverFinal} `, "prove"],
    ["what comes first", `x=1,${serverFinal}`, "prove"],
    ["m=", `${serverFinal},m=x`, "server-final-message"],
    ["a comma at the end", `${serverFinal},`, "server-final-message"],
    ["an error", "e=invalid-proof", "invalid-proof"],
    ["an error and a proof", `e=other-error,${serverFinal}`, "other-error"],
    ["an error of its own", "e=pencil", "other-error"],
    ["the server-first-message", RFC_7677.serverFirst, "prove"],
    ["what is no UTF-8", Uint8Array.of(0x76, 0x3d, 0xff), "UTF-8"],
  ])("with %s proves nothing", async (_, message, why) => {
    const mechanism = await answered(RFC_7677);
    const challenge = typeof message === "string" ? octets(message) : message;
    expect(reason(await mechanism.next(challenge))).toContain(why);
    expect(mechanism.isProven).toBe(false);
    expect(reason(await mechanism.next(octets(serverFinal)))).toContain("none is due");
    expect(mechanism.isProven).toBe(false);
  });
});

/** Names and passwords of many scripts, each of one direction, as they are after SASLprep. */
const prepared = fc.oneof(
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(...Array.from("abz09,=\" \\'éßøñçÅΩжя中文字かな한글🙂𝄞")),
    minLength: 1,
    maxLength: 40,
  }),
  fc.string({ unit: fc.constantFrom(...Array.from("אבגדהשת")), minLength: 1, maxLength: 20 }),
);

describe.each([
  ["sha1", SCRAM_SHA_1],
  ["sha256", SCRAM_SHA_256],
] as const)("with an independent server of %s", (hash, factory) => {
  it("any user name and password works, however it is typed", async () => {
    const property = fc.asyncProperty(
      prepared.map((name) => name.normalize("NFKC")),
      prepared.map((name) => name.normalize("NFKC")),
      fc.constantFrom("NFC" as const, "NFD" as const),
      fc.integer({ min: 4096, max: 6000 }),
      async (username, password, form, iterations) => {
        const server = new ScramServer(hash, { username, password, iterations });
        const typed = { username: username.normalize(form), password: password.normalize(form) };
        const mechanism = created(factory, typed);
        const first = server.first(text(await mechanism.start()));
        const final = server.final(text(await mechanism.next(octets(first))));
        expect(final).toBeDefined();
        expect(text(await mechanism.next(octets(final ?? "")))).toBe("");
        expect(mechanism.isProven).toBe(true);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it("another password is refused, and a server that has another is not believed", async () => {
    const property = fc.asyncProperty(prepared, prepared, async (password, other) => {
      fc.pre(password.normalize("NFKC") !== other.normalize("NFKC"));
      const account = { username: "ann", iterations: 4096 };
      const server = new ScramServer(hash, { ...account, password: other.normalize("NFKC") });
      const mechanism = created(factory, { username: "ann", password });
      const first = server.first(text(await mechanism.start()));
      const answer = text(await mechanism.next(octets(first)));
      expect(server.final(answer)).toBeUndefined();
      expect(reason(await mechanism.next(octets(server.forged(answer))))).toContain("prove");
      expect(mechanism.isProven).toBe(false);
    });
    await fc.assert(property, { numRuns: 20 });
  });
});

describe("a password", () => {
  it("is in no reason, wherever a server puts it", async () => {
    // Long enough that no sentence of ours holds it by chance.
    const secret = fc.string({ unit: "grapheme-ascii", minLength: 5, maxLength: 30 });
    const frames = fc.constantFrom(
      (password: string) => password,
      (password: string) => `e=${password}`,
      (password: string) => `m=${password}`,
      (password: string) => `r=${password},s=QSXCR+Q6sek8bf92,i=4096`,
      (password: string) => `r=${RFC_5802.nonce}x,s=${password},i=4096`,
      (password: string) => `r=${RFC_5802.nonce}x,s=QSXCR+Q6sek8bf92,i=${password}`,
      (password: string) => `r=${RFC_5802.nonce}x,s=QSXCR+Q6sek8bf92,i=4096,${password}`,
      (password: string) => `v=${password}`,
    );
    const property = fc.asyncProperty(
      secret,
      frames,
      fc.boolean(),
      async (password, frame, late) => {
        const mechanism = client(RFC_5802, { username: "ann", password });
        await mechanism.start();
        if (late) await mechanism.next(octets(RFC_5802.serverFirst));
        const answer = await mechanism.next(octets(frame(password)));
        // Text that is an extension in form is ignored, and the proof sent: nothing to look at then.
        if ("reason" in answer) expect(answer.reason).not.toContain(password);
        expect(mechanism.secrets).toEqual([password]);
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });
});
