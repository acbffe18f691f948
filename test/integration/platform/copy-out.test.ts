/** A streamed answer: whole and in order for a slow receiver, and over when the receiver fails. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import pg from 'pg';
import { copyOut, copyOutWhole } from '#platform/copy-out.ts';
import { databaseUrl } from '#test/support/stack-facts.ts';

const ROWS = 20_000;
const SQL = `copy (select n, repeat('x', 100) from generate_series(1, ${ROWS}) n) to stdout`;

let client: pg.Client;

async function connect(): Promise<pg.Client> {
  const facts = inject('stack');
  const one = new pg.Client(databaseUrl(facts, 'postgres', 'postgres', facts.postgres));
  one.on('error', () => undefined);
  await one.connect();
  return one;
}

beforeAll(async () => {
  client = await connect();
});
afterAll(() => client.end());

test('comes whole and in order, however slowly it is taken', async () => {
  const lines: string[] = [];
  let busy = 0;
  await copyOut(client, SQL, async (chunk) => {
    busy += 1;
    expect(busy).toBe(1);
    await new Promise(setImmediate);
    lines.push(...chunk.toString('utf8').trimEnd().split('\n'));
    busy -= 1;
  });
  expect(lines.length).toBe(ROWS);
  expect(lines.every((line, n) => line === `${n + 1}\t${'x'.repeat(100)}`)).toBe(true);
  expect((await copyOutWhole(client, 'copy (select 1) to stdout')).toString()).toBe('1\n');
});

test('is told what the server refuses, and goes on', async () => {
  await expect(copyOutWhole(client, 'copy (select 1 / 0) to stdout')).rejects.toThrow('zero');
  expect((await copyOutWhole(client, 'copy (select 2) to stdout')).toString()).toBe('2\n');
});

test('is over when its receiver fails', async () => {
  const other = await connect();
  const full = new Error('the disk is full');
  await expect(
    copyOut(other, SQL, () => {
      throw full;
    }),
  ).rejects.toBe(full);
  await expect(other.query('select 1')).rejects.toThrow('terminated');
  await other.end();
});
