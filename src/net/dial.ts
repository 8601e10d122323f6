/** Dialling, within its time. */
import type { Address, Connect, Connection } from "./connection.ts";
import { within, type Within } from "./within.ts";

/** The connection, or why there is none. One that stands too late is closed again. */
export async function dial(
  address: Address,
  connect: Connect,
  { ms, giveUp }: { readonly ms: number; readonly giveUp: AbortController },
): Promise<Within<Connection>> {
  const dialling = connect(address, { signal: giveUp.signal });
  const dialled = await within(ms, dialling);
  if (dialled.type === "timeout") {
    giveUp.abort(new Error("the connection took too long"));
    dialling.then((late) => late.close()).catch(() => undefined);
  }
  return dialled;
}
