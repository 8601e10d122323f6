/** Who is measured, and where it runs. */
export type Runtime = "workerd" | "node";

export interface Contender {
  readonly label: string;
  /** The file of `peers/` that drives it. */
  readonly peer: string;
  readonly runtime: Runtime;
  /** Whether one session can take several mails. */
  readonly hasSession: boolean;
  /** Takes so long over loopback that a tenth of the mails says enough. */
  readonly isSlow?: boolean;
}

const one = (label: string, peer: string, runtime: Runtime, hasSession = true): Contender => ({
  label,
  peer,
  runtime,
  hasSession,
});

export const POSTRIDER: Contender = one("Postrider, workerd", "postrider", "workerd");
/** What the ratios of a round are relative to. */
export const WORKER_MAILER: Contender = one("worker-mailer, workerd", "worker-mailer", "workerd");

/** In the order of the table's columns. */
export const CONTENDERS: readonly Contender[] = [
  POSTRIDER,
  one("Postrider, Node", "postrider", "node"),
  one("nodemailer, Node", "nodemailer", "node", false),
  one("nodemailer pool, Node", "nodemailer-pool", "node"),
  { ...one("nodemailer pool, workerd", "nodemailer-pool", "workerd"), isSlow: true },
  WORKER_MAILER,
  { ...one("emailjs, Node", "emailjs", "node"), isSlow: true },
];
