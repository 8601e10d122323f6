/** The other side of SCRAM (RFC 5802 §3) over node:crypto, sharing no line with the client. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";

export interface Account {
  readonly username: string;
  /** Prepared already. */
  readonly password: string;
  readonly iterations: number;
}

export class ScramServer {
  readonly #hash: "sha1" | "sha256";
  readonly #account: Account;
  readonly #salt = randomBytes(16);
  readonly #nonce = randomBytes(12).toString("hex");
  #bare = "";
  #serverFirst = "";
  #knowsUser = false;

  constructor(hash: "sha1" | "sha256", account: Account) {
    this.#hash = hash;
    this.#account = account;
  }

  first(clientFirst: string): string {
    const match = /^n,,(?<bare>n=(?<name>[^,]+),r=(?<nonce>[!-+\--~]+))$/.exec(clientFirst);
    if (match?.groups === undefined) throw new Error(`client-first: ${clientFirst}`);
    const { bare = "", name = "", nonce = "" } = match.groups;
    if (/=(?!2C|3D)/.test(name)) throw new Error(`saslname: ${name}`);
    const username = name.split("=2C").join(",").split("=3D").join("=");
    this.#knowsUser = username === this.#account.username;
    this.#bare = bare;
    const { iterations } = this.#account;
    this.#serverFirst = `r=${nonce}${this.#nonce},s=${this.#salt.toString("base64")},i=${iterations}`;
    return this.#serverFirst;
  }

  /** The server-final-message, or undefined where user name or password is wrong. */
  final(clientFinal: string): string | undefined {
    const { isRight, verifier } = this.#judged(clientFinal);
    return isRight ? verifier : undefined;
  }

  /** What an impostor says: that all is well, signed with the password it has. */
  forged(clientFinal: string): string {
    return this.#judged(clientFinal).verifier;
  }

  #judged(clientFinal: string): { readonly isRight: boolean; readonly verifier: string } {
    const at = clientFinal.lastIndexOf(",p=");
    const withoutProof = clientFinal.slice(0, at);
    const [nonce = ""] = this.#serverFirst.slice(2).split(",");
    if (withoutProof !== `c=biws,r=${nonce}`) throw new Error(`client-final: ${clientFinal}`);
    const { password, iterations } = this.#account;
    const octets = this.#hash === "sha1" ? 20 : 32;
    const salted = pbkdf2Sync(password, this.#salt, iterations, octets, this.#hash);
    const clientKey = this.#hmac(salted, "Client Key");
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const authMessage = [this.#bare, this.#serverFirst, withoutProof].join(",");
    const signature = this.#hmac(storedKey, authMessage);
    const proof = Buffer.from(clientFinal.slice(at + 3), "base64");
    const proven = Buffer.from(proof.map((octet, i) => octet ^ (signature[i] ?? 0)));
    const serverSignature = this.#hmac(this.#hmac(salted, "Server Key"), authMessage);
    return {
      isRight: this.#knowsUser && proven.equals(clientKey),
      verifier: `v=${serverSignature.toString("base64")}`,
    };
  }

  #hmac(key: Buffer, message: string): Buffer {
    return createHmac(this.#hash, key).update(message).digest();
  }
}
