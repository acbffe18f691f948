/**
 * Records that cannot be applied, the calls by which people look at them and bring them back, and
 * what the projection holds of an account.
 */
import { randomUUID } from 'node:crypto';
import { credentials } from '@grpc/grpc-js';
import { unaryCall } from '#client/unary-call.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { EventBatch } from '#proto/bank/event/v1/event_batch.ts';
import {
  ListDeadLettersRequest,
  ProjectorServiceClient,
  type DeadLetter,
  type ListDeadLettersResponse,
  type RetryDeadLettersRequest,
  type RetryDeadLettersResponse,
} from '#proto/bank/v1/projector_service.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { countEvents } from '../../../projector-svc/record-outline.ts';
import { deposited, logRecord, opened } from '../../unit/projector/record-fixtures.ts';
import type { World } from './projector-fixture.ts';

/** No EventBatch. */
export const NONSENSE = Buffer.from([0x22, 0x7f, 0x01]);

export function withPayload(record: LogRecord, payload: Buffer): LogRecord {
  return { ...record, payload, eventCount: countEvents(payload) };
}

/** The same record, with the account's events of a type that nobody knows. */
export function withUnknownType(record: LogRecord, accountId: string): LogRecord {
  const batch = EventBatch.decode(record.payload);
  for (const event of batch.events) {
    // What a newer writer may store: protobuf keeps numbers that it does not know.
    if (uuidFromBytes(event.accountId) === accountId) Object.assign(event, { type: 99 });
  }
  return withPayload(record, Buffer.from(EventBatch.encode(batch).finish()));
}

/** Some accounts of a partition: opened in its first record, each deposits 10 in each later one. */
export function accountsOf(
  world: World,
  partition: number,
  count: number,
  length: number,
): { ids: string[]; records: LogRecord[] } {
  const ids = Array.from({ length: count }, () => randomUUID()).sort();
  const records = Array.from({ length }, (_, n) =>
    logRecord({
      partition,
      seq: world.nextSeq(partition),
      events: ids.map((id) => (n === 0 ? opened(id) : nextDeposit(id, n + 1))),
    }),
  );
  return { ids, records };
}

export function nextDeposit(accountId: string, version: number): ReturnType<typeof deposited> {
  const balance = BigInt(version - 1) * 10n;
  return deposited({ accountId, version: BigInt(version), amount: 10n, balance });
}

/** What stands in the log is put right, or wrong. */
export async function repair(world: World, record: LogRecord): Promise<void> {
  await world.databases.eventStore.query(
    'update outbox set payload = $3 where partition = $1 and seq = $2',
    [record.partition, record.seq, record.payload],
  );
}

/** The versions of an account that are projected, as its entries and its balance say. */
export async function projected(
  { databases }: World,
  accountId: string,
): Promise<{ versions: number[]; version: number; balance: number } | undefined> {
  const { projectionStore } = databases;
  const entries = await projectionStore.query<{ version: bigint }>(
    'select version from entries where account_id = $1 order by version',
    [accountId],
  );
  const balances = await projectionStore.query<{ version: bigint; balance_minor: bigint }>(
    'select version, balance_minor from balances where account_id = $1',
    [accountId],
  );
  const [row] = balances.rows;
  if (row === undefined) return undefined;
  const versions = entries.rows.map(({ version }) => Number(version));
  return { versions, version: Number(row.version), balance: Number(row.balance_minor) };
}

/** Versions 1 to length, 10 a deposit. */
export function whole(length: number): Awaited<ReturnType<typeof projected>> {
  const versions = Array.from({ length }, (_, n) => n + 1);
  return { versions, version: length, balance: (length - 1) * 10 };
}

function withClient<T>(
  address: string,
  call: (client: ProjectorServiceClient) => Promise<T>,
): Promise<T> {
  const client = new ProjectorServiceClient(address, credentials.createInsecure());
  return call(client).finally(() => client.close());
}

export function listLetters(
  address: string,
  request: Partial<ListDeadLettersRequest> = {},
): Promise<ListDeadLettersResponse> {
  return withClient(address, (client) =>
    unaryCall(client.listDeadLetters.bind(client), ListDeadLettersRequest.fromPartial(request)),
  );
}

export async function lettersAt(address: string, partition: number): Promise<DeadLetter[]> {
  const { deadLetters } = await listLetters(address, { pageSize: 1000 });
  return deadLetters.filter((letter) => letter.partition === partition);
}

export function retryLetters(
  address: string,
  selection: RetryDeadLettersRequest['selection'],
): Promise<RetryDeadLettersResponse> {
  return withClient(address, (client) =>
    unaryCall(client.retryDeadLetters.bind(client), { selection }),
  );
}
