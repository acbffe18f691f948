/**
 * So many clients that repeat one thing for a while: how often a second it was done. For peers
 * whose best number of clients is not known beforehand: it is searched for by short probes.
 */
import { perSecond } from '../statistics.ts';

export const CLIENT_COUNTS = [1, 2, 4, 8, 16, 32, 64] as const;

/** `act` gets the client's number. Counts what was done, also by the last ones in flight. */
export async function runClients(
  clients: number,
  forMs: number,
  act: (client: number) => Promise<void>,
): Promise<{ done: number; perSecond: number }> {
  let done = 0;
  const startedMs = performance.now();
  const endsAt = startedMs + forMs;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < endsAt) {
        await act(client);
        done++;
      }
    }),
  );
  return { done, perSecond: perSecond(done, performance.now() - startedMs) };
}

/** The number of clients with the highest rate. */
export async function bestClientCount(
  probe: (clients: number) => Promise<number>,
): Promise<number> {
  let best = { clients: 1, rate: 0 };
  for (const clients of CLIENT_COUNTS) {
    const rate = await probe(clients);
    if (rate > best.rate) best = { clients, rate };
  }
  return best.clients;
}
