/**
 * RATE_LIMITER: so many requests of a token, and so many failed ones of an address. The binding counts for
 * each of Cloudflare's locations, and tells no more than whether there is one left; RATE_LIMIT says of what.
 */
import type { Env } from "../env.ts";
import type { Log } from "../log.ts";
import type { ServiceSettings } from "../service-config.ts";
import type { ProblemDetails } from "./problem.ts";

type Setting = ServiceSettings["rateLimit"];

/** What to answer where there were too many requests under this key. A limiter that fails limits nobody. */
export async function overLimit(
  { env, log }: { readonly env: Pick<Env, "RATE_LIMITER">; readonly log: Log },
  key: string,
  setting: Setting,
): Promise<ProblemDetails | undefined> {
  const limiter = env.RATE_LIMITER;
  if (limiter === undefined) return undefined;
  try {
    const { success } = await limiter.limit({ key });
    return success ? undefined : tooMany(setting);
  } catch (error) {
    log("error", "rate.fault", { error: error instanceof Error ? error.name : typeof error });
    return undefined;
  }
}

/** The limit, as far as it is known: what remains of it, the binding does not tell. */
export function limitFields(setting: Setting): Readonly<Record<string, string>> {
  if (setting === undefined) return {};
  const { requests, seconds } = setting;
  return {
    // Plain integers: some SDKs fail on anything else. The policy is that of draft-ietf-httpapi-ratelimit-headers.
    "ratelimit-limit": String(requests),
    "ratelimit-policy": `"default";q=${requests};w=${seconds}`,
  };
}

/** Whoever fails to authenticate, by address; of IPv6 the network, in which one client has them all. */
export function clientKey(request: Request): string {
  const address = request.headers.get("cf-connecting-ip") ?? "";
  const [start = "", end] = address.split("::");
  if (!address.includes(":")) return `address:${address}`;
  const groups = start.split(":").filter((group) => group !== "");
  const after = (end ?? "").split(":").filter((group) => group !== "");
  const zeros = end === undefined ? 0 : Math.max(0, IPV6_GROUPS - groups.length - after.length);
  const all = [...groups, ...Array.from({ length: zeros }, () => "0"), ...after];
  return `address:${all.slice(0, NETWORK_GROUPS).join(":")}`;
}

const IPV6_GROUPS = 8;
const NETWORK_GROUPS = 4;
/** The longer of the two periods that the binding can be set to. */
const LONGEST_PERIOD_SECONDS = 60;

function tooMany(setting: Setting): ProblemDetails {
  const seconds = setting?.seconds ?? LONGEST_PERIOD_SECONDS;
  const allowed =
    setting === undefined ? "" : ` At most ${setting.requests} in ${seconds} seconds are taken.`;
  return {
    status: 429,
    name: "rate_limit_exceeded",
    title: "Too many requests",
    message: `Too many requests.${allowed} Nothing was sent; try again in ${seconds} seconds.`,
    headers: {
      ...limitFields(setting),
      "ratelimit-remaining": "0",
      "ratelimit-reset": String(seconds),
      ratelimit: `"default";r=0;t=${seconds}`,
      "retry-after": String(seconds),
    },
  };
}
