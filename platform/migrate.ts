// Brings a database to the newest schema: forward only, each numbered file (NNNNNN-purpose.sql) in
// a transaction of its own that records the number first. Run by the owner, as often as one likes;
// two at a time wait for each other. A file that fails leaves the database at the number before it.
// One that was changed after it was applied is refused: the database would not be what it says.
import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import type pg from 'pg';
import { commit } from './postgres.ts';

export { dumpSchema } from './schema-dump.ts';

const ADVISORY_KEY = 7_206_011; // any number that nothing else in these databases locks

type Migration = { number: number; name: string; sql: string; sha256: string };
type Applied = Pick<Migration, 'name'> & { sha256: string | null };

/**
 * Answers the names of the files that were applied. `beforeAny` is asked when there is one to
 * apply, while nobody else migrates: what it throws leaves everything as it is.
 */
export async function migrate(
  client: pg.ClientBase,
  folderUrl: URL,
  beforeAny: () => Promise<void> = () => Promise.resolve(),
): Promise<string[]> {
  const folder = new URL(folderUrl.href.endsWith('/') ? folderUrl : `${folderUrl.href}/`);
  const files = await listMigrations(folder);
  await client.query('select pg_advisory_lock($1)', [ADVISORY_KEY]);
  try {
    const applied = await appliedMigrations(client);
    if (files.some(({ number }) => !applied.has(number))) await beforeAny();
    const names: string[] = [];
    for (const file of files) {
      const stored = applied.get(file.number);
      if (stored === undefined) {
        await apply(client, file);
        names.push(file.name);
      } else checkSame(file, stored);
    }
    return names;
  } finally {
    await client.query('select pg_advisory_unlock($1)', [ADVISORY_KEY]);
  }
}

/** The newest migration applied; 0 on an empty database. */
export async function schemaNumber(client: pg.ClientBase | pg.Pool): Promise<number> {
  const exists = await client.query<{ yes: boolean }>(
    "select to_regclass('migrations') is not null as yes",
  );
  if (exists.rows[0]?.yes !== true) return 0;
  const result = await client.query<{ number: number }>(
    'select coalesce(max(number), 0)::int as number from migrations',
  );
  return result.rows[0]?.number ?? 0;
}

async function listMigrations(folder: URL): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  const files = names.map(async (name, index) => {
    const number = Number(/^(\d{6})-[a-z0-9-]+\.sql$/.exec(name)?.[1]);
    if (number !== index + 1) {
      throw new Error(`${name}: migrations are named NNNNNN-purpose.sql and numbered 1, 2, 3, ...`);
    }
    const sql = await readFile(new URL(name, folder), 'utf8');
    return { number, name, sql, sha256: createHash('sha256').update(sql).digest('hex') };
  });
  return Promise.all(files);
}

function checkSame({ number, name, sha256 }: Migration, applied: Applied): void {
  if (applied.name !== name) {
    throw new Error(`migration ${number} was applied as ${applied.name}, the file is ${name}`);
  }
  if (applied.sha256 !== sha256) {
    throw new Error(
      `migration ${name} is not what was applied: changes go into a new file; ` +
        'a database of a version before 0.1.0 is made anew',
    );
  }
}

async function appliedMigrations(client: pg.ClientBase): Promise<Map<number, Applied>> {
  const exists = await client.query<{ yes: boolean }>(
    "select to_regclass('migrations') is not null as yes",
  );
  if (exists.rows[0]?.yes !== true) await client.query(CREATE_TABLE);
  // By way of JSON: the first databases have no such column.
  const result = await client.query<Applied & { number: number }>(
    "select number, name, to_jsonb(m) ->> 'sha256' as sha256 from migrations m",
  );
  return new Map(result.rows.map((row) => [row.number, row]));
}

async function apply(
  client: pg.ClientBase,
  { number, name, sql, sha256 }: Migration,
): Promise<void> {
  await client.query('begin');
  try {
    await client.query('insert into migrations (number, name, sha256) values ($1, $2, $3)', [
      number,
      name,
      sha256,
    ]);
    await client.query(sql);
    await commit(client);
  } catch (error) {
    await client.query('rollback');
    throw new Error(`migration ${name} failed`, { cause: error });
  }
}

const CREATE_TABLE = `
  create table migrations (
    number integer primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz not null default now()
  );
  comment on table migrations is 'Which files of the migrations folder have been applied.';
  grant select on migrations to public;`;
