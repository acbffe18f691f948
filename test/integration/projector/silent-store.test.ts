/** A projection store that does not answer is seen within seconds, not after a statement's 30. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '#test/support/until.ts';
import { atWork } from './backend-at-work.ts';
import { openWorld, type World } from './projector-fixture.ts';

let world: World;
beforeAll(async () => void (world = await openWorld()));
afterAll(() => world.close());

test('a comparison that gets no answer is given up, and the next ones go on', async () => {
  const replica = await world.startReplica();
  const release = await atWork(
    world.databases.projectionStore,
    `do $$ begin
       lock table projected_heads in access exclusive mode;
       perform pg_sleep(300);
     end $$`,
  );
  await until('it is given up', () => replica.logged('Could not compare the heads'), {
    timeoutMs: 20_000,
  });
  await release();
  expect(replica.failures).toEqual([]);
});
