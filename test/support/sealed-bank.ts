/**
 * Where a text stands, byte for byte: in every table of a database, on the topic, in files. Looked
 * for by its bytes, so that no code of the services says where it might be.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import { until } from '#test/support/until.ts';
import type { HeadRow } from '#test/support/stored-rows.ts';

const TOPIC = 'bank.account-events';

/** The tables, of all schemas, with a row that has the text, as text or in bytes. */
export async function tablesWith(db: Pool, text: string): Promise<string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname not in ('pg_catalog', 'information_schema') order by 1`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const hex = Buffer.from(text).toString('hex');
    const { rowCount } = await db.query(
      `select from ${name} t where position($1 in t::text) > 0 or position($2 in t::text) > 0`,
      [text, hex],
    );
    if ((rowCount ?? 0) > 0) found.push(name);
  }
  return found;
}

/** How many records of the topic have it; all of them are read, up to the heads. */
export async function recordsWith(
  kafka: Kafka,
  heads: readonly HeadRow[],
  text: string,
): Promise<{ records: number; found: number }> {
  const consumer = kafka.consumer({ groupId: `texts-${randomUUID()}`, maxWaitTimeInMs: 100 });
  const seen = new Set<string>();
  let found = 0;
  await consumer.subscribe({ topic: TOPIC, fromBeginning: true });
  await consumer.run({
    eachMessage: ({ partition, message: { key, value, headers } }) => {
      seen.add(`${partition}/${headers?.['seq']?.toString()}`);
      const bytes = [key, value].flatMap((part) => part ?? []);
      if (Buffer.concat(bytes).includes(text)) found += 1;
      return Promise.resolve();
    },
  });
  await until('the newest record of each partition', () =>
    heads.every(({ partition, seq }) => seq === 0n || seen.has(`${partition}/${seq}`)),
  );
  await consumer.disconnect();
  return { records: seen.size, found };
}

export async function filesWith(folder: string, text: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  if (files.length === 0) throw new Error(`${folder} has no files`);
  const found: string[] = [];
  for (const { parentPath, name } of files) {
    if ((await readFile(join(parentPath, name))).includes(text)) found.push(name);
  }
  return found;
}
