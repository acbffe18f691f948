/**
 * Two replicas of command-svc as processes of their own, with Redis, on a test's own event store:
 * no Kafka, no read side.
 */
import { credentials } from '@grpc/grpc-js';
import { inject } from 'vitest';
import type { Part } from '#deploy/local/part.ts';
import { AccountCommandServiceClient } from '#proto/bank/v1/account_command_service.ts';
import { BulkServiceClient } from '#proto/bank/v1/bulk_service.ts';
import { EventLogServiceClient } from '#proto/bank/v1/event_log_service.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { startReplica } from '#test/support/mesh.ts';

export type CommandReplica = {
  readonly commands: AccountCommandServiceClient;
  readonly bulk: BulkServiceClient;
  readonly eventLog: EventLogServiceClient;
};

export type CommandReplicas = {
  readonly databases: Databases;
  readonly replicas: readonly [CommandReplica, CommandReplica];
  readonly close: () => Promise<void>;
};

export async function startCommandReplicas(): Promise<CommandReplicas> {
  const databases = await openDatabases();
  const env = { BANK_EVENT_STORE_URL: databases.eventStoreUrl('bank_command') };
  const parts: Part[] = [];
  const clients: CommandReplica[] = [];
  const start = async (instance: string): Promise<CommandReplica> => {
    const { part, address } = await startReplica(inject('stack'), 'command', instance, env);
    parts.push(part);
    const client = clientTo(address);
    clients.push(client);
    return client;
  };
  const close = async (): Promise<void> => {
    for (const { commands, bulk, eventLog } of clients) {
      for (const client of [commands, bulk, eventLog]) client.close();
    }
    await Promise.all(parts.map((part) => part.stop()));
    await databases.close();
  };
  const started = await Promise.allSettled(['command-1', 'command-2'].map(start));
  const [one, two] = started.map((result) => {
    return result.status === 'fulfilled' ? result.value : undefined;
  });
  if (one !== undefined && two !== undefined) return { databases, replicas: [one, two], close };
  await close();
  const failed = started.find((result) => result.status === 'rejected');
  throw new Error('a replica did not start', { cause: failed?.reason });
}

function clientTo(address: string): CommandReplica {
  const plain = credentials.createInsecure();
  return {
    commands: new AccountCommandServiceClient(address, plain),
    bulk: new BulkServiceClient(address, plain),
    eventLog: new EventLogServiceClient(address, plain),
  };
}
