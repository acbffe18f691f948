/**
 * A projection that has lost its rows is filled from the log; where a part of the log is archived,
 * its partition stops with an alarm that names the part and the command that brings it back, a
 * rebuild fails with the same words, and both go on once it is back.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RebuildState } from '#proto/bank/v1/projector_service.ts';
import { archiveRows, unarchiveRows } from '#test/support/archived-rows.ts';
import { emptyProjection } from '#test/support/emptied-projection.ts';
import { until } from '#test/support/until.ts';
import { expectProjected, history } from './account-history.ts';
import { openWorld, type World } from './projector-fixture.ts';
import { rebuildCalls } from './rebuild-calls.ts';

const ARCHIVED = 'partition 3, positions 1 to 19: archived in outbox-p0003-';
const COMMAND = 'npm run ops -- unarchive --partition 3 --from 1 --folder FOLDER';

let world: World;
let folder: string;
beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'bank-archive-'));
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true });
});

test('a reader of what is archived says so, and goes on when it is back', async () => {
  const { databases } = world;
  const { accountId, records } = history(3, 20);
  await world.store(records);
  const first = await world.startReplica();
  await world.send(records);
  await world.applied(3, 20n);
  expect(await archiveRows(databases, folder, -1)).toBe(19);

  const rebuild = rebuildCalls(first.address);
  await rebuild.start();
  const { message } = await rebuild.reaches(RebuildState.REBUILD_STATE_FAILED);
  expect(message).toContain(ARCHIVED);
  expect(message).toContain(COMMAND);
  rebuild.close();

  await emptyProjection(databases.projectionStore);
  const alarm = (): boolean => first.logged(`"alarm":"${ARCHIVED}`);
  await until('an alarm that names the range', alarm);
  await first.stop();

  expect(await unarchiveRows(databases, folder)).toBe(19);
  await world.startReplica();
  await world.applied(3, 20n);
  await expectProjected(databases, accountId, 20);
});
