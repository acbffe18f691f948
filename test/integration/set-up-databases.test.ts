/** db:setup with a rebuild of the projection beside the live one. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { setUpDatabases } from '#deploy/database/set-up-databases.ts';
import { openDatabases, type Databases } from '#test/support/databases.ts';

let databases: Databases;
beforeAll(async () => void (databases = await openDatabases()));
afterAll(() => databases.close());

function setUp(): Promise<void> {
  return setUpDatabases({
    eventStoreUrl: databases.eventStoreUrl('postgres'),
    projectionStoreUrl: databases.projectionStoreUrl('postgres'),
    partitions: 16,
    passwords: {},
    onStep: () => undefined,
  });
}

test('a migration waits for the rebuild that is there; with none all goes on', async () => {
  const { projectionStore } = databases;
  const id = randomUUID();
  await projectionStore.query("insert into rebuilds (rebuild_id, state) values ($1, 'stopped')", [
    id,
  ]);
  await setUp();
  const last = await projectionStore.query<{ number: number; name: string }>(
    `delete from migrations where number = (select max(number) from migrations)
     returning number, name`,
  );
  const refused = await setUp().then(
    () => '',
    (error: unknown) => String(error),
  );
  expect(refused).toContain(`rebuild ${id} is there (stopped)`);
  expect(refused).toContain(`-d '{"rebuild_id":"${id}"}' HOST:50053`);
  const { rows } = await projectionStore.query('select from migrations where number = $1', [
    last.rows[0]?.number,
  ]);
  expect(rows).toEqual([]);
});
