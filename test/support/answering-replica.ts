/**
 * Which replica answers: health checks by the channel of a client, so that they go where its calls
 * go. A channel that has seen a replica die tries it again after a pause only; until then calls do
 * not reach it, however well it is.
 */
import { credentials, Metadata, type Client } from '@grpc/grpc-js';
import { HealthClient } from '#proto/health/v1/health.ts';
import { until } from '#test/support/until.ts';

const CALL_MS = 5_000;

/** host:port of who answered, whatever it said; undefined: nobody did. */
export function answeringReplica(client: Client): Promise<string | undefined> {
  const health = new HealthClient('unused', credentials.createInsecure(), {
    channelOverride: client.getChannel(),
  });
  return new Promise((resolve) => {
    const deadline = Date.now() + CALL_MS;
    const call = health.check({ service: '' }, new Metadata(), { deadline }, (error) =>
      resolve(error === null ? call.getPeer() : undefined),
    );
  });
}

/** Resolves when calls of that client reach the replica again. */
export async function untilReached(client: Client, address: string): Promise<void> {
  await until(`calls to ${address}`, async () => (await answeringReplica(client)) === address);
}
