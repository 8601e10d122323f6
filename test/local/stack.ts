/** All that a local run needs: the relay, its inbox, and the Worker set up to send through it. */
import { startClock } from "./clock.ts";
import { startInbox } from "./inbox.ts";
import type { Inbox } from "./inbox.ts";
import { startRelay } from "./relay.ts";
import type { Relay, RelayOptions } from "./relay.ts";
import { startWorker } from "./worker.ts";
import type { Worker, WorkerOptions } from "./worker.ts";

export interface StackOptions {
  /** 0 or absent takes any free port. */
  readonly ports?: {
    readonly worker?: number;
    readonly inbox?: number;
    readonly relay?: number;
  };
  readonly relay?: Omit<RelayOptions, "port">;
  readonly worker?: Omit<WorkerOptions, "port" | "vars">;
  /** Further vars of the Worker, over the ones that name the relay. */
  readonly vars?: Readonly<Record<string, string>>;
  /** Shown by the empty inbox. */
  readonly hint?: (worker: { readonly url: string; readonly token: string }) => string;
}

export interface Stack {
  readonly relay: Relay;
  readonly inbox: Inbox;
  readonly worker: Worker;
  /** For `Authorization: Bearer`. */
  readonly token: string;
  stop(): Promise<void>;
}

/** Oftener than on Cloudflare, where it is every minute: a person waits for it. */
const CLOCK_MS = 10_000;

/** Worth nothing: it opens a Worker on loopback with a relay that delivers nothing. */
const TOKEN = "local-token-for-development";

/** Resolves when all three answer; if one cannot start, the others are stopped and this rejects. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { ports = {} } = options;
  const relay = await startRelay({ ...options.relay, port: ports.relay ?? 0 });
  let inbox: Inbox | undefined;
  let worker: Worker | undefined;
  try {
    const hint = (): string | undefined =>
      worker === undefined ? undefined : options.hint?.({ url: worker.url, token: TOKEN });
    inbox = await startInbox(relay, { port: ports.inbox ?? 0, hint });
    worker = await startWorker({
      ...options.worker,
      ...(ports.worker === undefined ? {} : { port: ports.worker }),
      vars: {
        SMTP_HOST: relay.host,
        SMTP_PORT: String(relay.port),
        SMTP_SECURITY: "starttls",
        SMTP_USERNAME: relay.username,
        SMTP_PASSWORD: relay.password,
        API_TOKENS: TOKEN,
        ...options.vars,
      },
    });
  } catch (error) {
    await Promise.all([inbox?.close(), relay.close()]);
    throw error;
  }
  const { url } = worker;
  const clock = startClock(() => url, CLOCK_MS);
  const started = { relay, inbox, worker };
  return {
    ...started,
    token: TOKEN,
    async stop() {
      clearInterval(clock);
      // The Worker first, so that it does not see its relay vanish.
      await started.worker.stop();
      await Promise.all([started.inbox.close(), started.relay.close()]);
    },
  };
}
