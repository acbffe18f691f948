/**
 * Lives of accounts in the event store, as the command side writes them: each account in its
 * partition, its events in the log and in `events`; a few of them with an event of every kind.
 */
import { randomUUID } from 'node:crypto';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { EventBatch, type EventRecord } from '#proto/bank/event/v1/event_batch.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import type { Databases } from '#test/support/databases.ts';
import { uuidOf } from '#test/support/stored-rows.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { logRecord } from '../../unit/projector/record-fixtures.ts';
import {
  deposited,
  everyKind,
  lifeOf,
  opened,
  type LifeEvent,
  type Step,
} from '../query/projected-lives.ts';
import type { World } from './projector-fixture.ts';

export const PARTITIONS = 16;
const CENTS = 10n;

export type StoredLife = { readonly accountId: string; readonly records: readonly LogRecord[] };

/** An account that is opened and gets 10 cents so many times. */
export function plainSteps(deposits: number): Step[] {
  const all = Array.from({ length: deposits }, (_, n) => deposited(CENTS, CENTS * BigInt(n + 1)));
  return [opened(), ...all];
}

/** The records of a life, so many events in each, at the next positions of its partition. */
export function storedLife(
  world: Pick<World, 'nextSeq'>,
  steps: readonly Step[],
  eventsARecord: number,
): StoredLife {
  const accountId = randomUUID();
  const partition = partitionOfAccount(accountId, PARTITIONS);
  const events = lifeOf(accountId, steps);
  const records: LogRecord[] = [];
  for (let at = 0; at < events.length; at += eventsARecord) {
    const seq = world.nextSeq(partition);
    records.push(recordOf(partition, seq, events.slice(at, at + eventsARecord)));
  }
  return { accountId, records };
}

function recordOf(partition: number, seq: bigint, life: readonly LifeEvent[]): LogRecord {
  const ids = [...new Set(life.map(({ submissionId }) => submissionId))].filter((id) => id !== '');
  const events = life.map(({ record, submissionId }) => {
    return { ...record, submissionNumber: ids.indexOf(submissionId) + 1 };
  });
  const submissions = ids.map((submissionId) => {
    return { tenant: '', submissionId, accepted: 0, acceptedIndexes: new Uint8Array(0) };
  });
  return logRecord({ partition, seq, events, submissions });
}

/** So many lives of every kind; `store` and `storeEvents` put them into the event store. */
export function livesOfEveryKind(world: World, count: number): StoredLife[] {
  return Array.from({ length: count }, (_, n) => storedLife(world, everyKind(), 1 + (n % 5)));
}

/** The events of records, as rows of `events`. */
export async function storeEvents(
  { eventStore }: Databases,
  records: readonly LogRecord[],
): Promise<void> {
  const events = records.flatMap(({ payload }) => EventBatch.decode(payload).events);
  await eventStore.query(
    `insert into events (account_id, version, recorded_at, type, hash, payload, operation_id)
     select a, v, 'epoch'::timestamptz + m * interval '1 microsecond', t, '', p, o
       from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::smallint[], $5::bytea[], $6::uuid[])
              as x(a, v, m, t, p, o)`,
    [
      events.map(({ accountId }) => uuidOf(accountId)),
      events.map(({ version }) => version),
      events.map(({ recordedAtMicros }) => recordedAtMicros),
      events.map(({ type }) => type),
      events.map(payloadOf),
      events.map(({ operationId }) => (operationId.length === 0 ? null : uuidOf(operationId))),
    ],
  );
}

function payloadOf({ event }: EventRecord): Buffer {
  return Buffer.from(event === undefined ? [] : Event.encode(event).finish());
}

/** Stores all of it, sends it as Debezium does, and waits until it is projected. */
export async function storeAndProject(world: World, lives: readonly StoredLife[]): Promise<void> {
  const records = lives.flatMap((life) => life.records);
  await world.store(records);
  await storeEvents(world.databases, records);
  await world.send(records);
  const newest = new Map(records.map(({ partition, seq }) => [partition, seq]));
  for (const [partition, seq] of newest) await world.applied(partition, seq);
}
