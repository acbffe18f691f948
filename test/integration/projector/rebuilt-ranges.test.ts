/** The comparison of a rebuild goes over its entries in ranges, wherever in an account they end. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  compareEntries,
  rangeEnd,
  type EntryKey,
} from '../../../projector-svc/sql/compare-rebuilt.ts';
import { openWorld, type World } from './projector-fixture.ts';
import { rebuildCalls, type RebuildCalls } from './rebuild-calls.ts';
import { livesOfEveryKind, storeAndProject } from './stored-lives.ts';

const FIRST: EntryKey = { accountId: '00000000-0000-0000-0000-000000000000', version: 0n };

let world: World;
let calls: RebuildCalls;
beforeEach(async () => {
  world = await openWorld();
  calls = rebuildCalls((await world.startReplica('a')).address);
});
afterEach(async () => {
  calls.close();
  await world.close();
});

test('each range has so many entries; the last difference is found in its own', async () => {
  const { projectionStore } = world.databases;
  await storeAndProject(world, livesOfEveryKind(world, 9));
  await calls.caughtUp();
  const { rows } = await projectionStore.query<{ account_id: string; version: bigint }>(
    'select account_id, version from rebuild.entries order by 1, 2',
  );
  const keys = rows.map(({ account_id: accountId, version }) => ({ accountId, version }));
  const changed = keys.at(-2);
  await projectionStore.query(
    'update entries set amount_minor = amount_minor + 1 where account_id = $1 and version = $2',
    [changed?.accountId, changed?.version],
  );
  for (const size of [1, 3, 7, keys.length - 1, keys.length]) {
    const ends: EntryKey[] = [];
    const found: EntryKey[] = [];
    for (let from = FIRST; ;) {
      const end = await rangeEnd(projectionStore, from, size);
      if (end === undefined) break;
      found.push(...(await compareEntries(projectionStore, from, end)).map(keyOf));
      ends.push(end);
      from = end;
    }
    expect(ends, `of ${size}`).toEqual(keys.filter((_, index) => (index + 1) % size === 0));
    const isInARange = keys.length - 2 < ends.length * size;
    expect(found, `of ${size}`).toEqual(isInARange ? [changed] : []);
  }
});

function keyOf({ accountId, version }: { accountId: string; version: string }): EntryKey {
  return { accountId, version: BigInt(version) };
}
