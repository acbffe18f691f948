/**
 * An erasure and a replica that does not know of it: it has opened the texts before they were taken
 * out, and comes after. Its head does not move; when it has looked, it shows nothing.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { keyRing } from '#platform/key-ring.ts';
import { silentLogger } from '#platform/logger.ts';
import { sealText, textKey } from '#platform/sealed-text.ts';
import { keyPlace } from '#platform/text-key.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import type { SealedText } from '#proto/bank/event/v1/events.ts';
import { deposited, logRecord, opened } from '../../unit/projector/record-fixtures.ts';
import { HeadMoved } from '../../../projector-svc/commit-rows.ts';
import { purgeErased } from '../../../projector-svc/erased-texts.ts';
import { fenceHeads } from '../../../projector-svc/sql/purge-texts.ts';
import { stepLane } from '../../../projector-svc/lane-step.ts';
import { addRecords, newLane } from '../../../projector-svc/partition-lane.ts';
import type { LogRecord } from '../../../projector-svc/record-outline.ts';
import { TextKeys } from '../../../projector-svc/text-keys.ts';
import { openStepper } from './lane-stepper.ts';
import { openWorld, type World } from './projector-fixture.ts';

const PARTITION = 3;
const RING = keyRing(new Map([['only', randomBytes(32)]]));
const [ownerIndex, dataKey] = [randomBytes(32), randomBytes(32)];
const accountId = randomUUID();
let keyId = '';

let world: World;
let stepper: ReturnType<typeof openStepper>;
beforeAll(async () => {
  world = await openWorld();
  stepper = openStepper(world);
  const { kekId, wrapped } = RING.wrap(dataKey, keyPlace(ownerIndex));
  const { eventStore } = world.databases;
  await eventStore.query('insert into key_encryption_keys values ($1, $2, true)', [kekId, wrapped]);
  const { rows } = await eventStore.query<{ key_id: bigint }>(
    `insert into owner_keys (tenant, owner_index, kek_id, wrapped_key) values ('', $1, $2, $3)
     returning key_id`,
    [ownerIndex, kekId, wrapped],
  );
  keyId = String(rows[0]?.key_id);
  await eventStore.query('insert into account_keys values ($1, $2)', [accountId, keyId]);
});
afterAll(async () => {
  await stepper.close();
  await world.close();
});

function sealed(version: bigint, text: string, sealedFor = accountId): SealedText {
  const key = textKey(dataKey);
  const value = { keyId, ...sealText(key, uuidToBytes(sealedFor), version, text) };
  return { form: { $case: 'sealed', value } };
}

/** Position 1 opens the account, each later one pays into it. */
function record(seq: bigint, text: SealedText): LogRecord {
  const balance = 10n * (seq - 1n);
  const event =
    seq === 1n ? opened(accountId) : deposited({ accountId, version: seq, amount: 10n, balance });
  const body = event.event?.body;
  if (body?.$case === 'accountOpened') body.value.owner = text;
  if (body?.$case === 'moneyDeposited') body.value.reference = text;
  return logRecord({ partition: PARTITION, seq, events: [event] });
}

async function shown(): Promise<string[]> {
  const { rows } = await world.databases.projectionStore.query<{ text: string }>(
    `select owner as text from balances union all
     (select reference from entries order by version)`,
  );
  return rows.map(({ text }) => text);
}

test('a replica that comes late shows nothing of an erased owner', async () => {
  const replica = () => ({
    ...stepper,
    texts: new TextKeys(stepper.eventStore, RING, silentLogger),
  });
  const [late, other] = [replica(), replica()];
  const lane = newLane(PARTITION);
  const step = async (seq: bigint, text: SealedText): Promise<void> => {
    const one = record(seq, text);
    await world.store([one]);
    addRecords(lane, [one], 0);
    await stepLane(late, lane);
  };
  await step(1n, sealed(1n, 'Ada'));
  await step(2n, sealed(2n, 'salary'));
  expect(await shown()).toEqual(['Ada', '', 'salary']);

  await world.databases.eventStore.query(
    `update owner_keys set wrapped_key = null, kek_id = null, erased_at = now(), erasure_no = 1`,
  );
  const { projecting: projection, eventStore } = other;
  await purgeErased({ eventStore, projection, texts: other.texts, log: silentLogger });
  expect(await shown()).toEqual(['', '', '']);

  // Its keys are of before, and its head is as it was: nothing else stands in its way.
  await expect(step(3n, sealed(3n, 'late'))).rejects.toThrow(HeadMoved);
  expect(await shown()).toEqual(['', '', '']);
  lane.head = undefined;
  await stepLane(late, lane);
  expect(await shown()).toEqual(['', '', '', '']);
  expect(await world.appliedSeq(PARTITION)).toBe(3n);
});

test('an erasure waits for the tables of a rebuild that it cannot see yet', async () => {
  const { projectionStore } = world.databases;
  const heads = { schemas: ['public'], names: 'public' } as const;
  const making = await projectionStore.connect();
  try {
    await making.query('begin');
    await making.query('select make_rebuild()');
    const fence = fenceHeads(projectionStore, heads, 2n, 100);
    await expect(fence).rejects.toMatchObject({ code: '55P03' }); // lock_not_available
  } finally {
    await making.query('rollback');
    making.release();
  }
  await fenceHeads(projectionStore, heads, 2n, 100);
});
