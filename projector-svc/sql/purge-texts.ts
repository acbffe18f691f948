/**
 * Takes texts out of the projection: of the live tables, of those of a rebuild, and of those that a
 * rebuild has replaced, whichever there are. Short statements, an account at a time: nobody waits
 * for them, and they wait for nobody in a ring.
 */
import type pg from 'pg';
import { withTransaction } from '#platform/postgres.ts';

const SCHEMAS = ['public', 'rebuild', 'previous'] as const;
type Schema = (typeof SCHEMAS)[number];

const TABLES = `
  select s as schema, to_regclass(s || '.projected_heads')::oid::bigint as heads,
         to_regclass(s || '.entries')::oid::bigint as entries
    from unnest($1::text[]) as s`;

type TableRow = { readonly schema: Schema; readonly heads: bigint | null; entries: bigint | null };

/** Which tables there are now; another text when some have changed places. */
export type ProjectionTables = { readonly schemas: readonly Schema[]; readonly names: string };

export async function projectionTables(db: pg.Pool): Promise<ProjectionTables> {
  const { rows } = await db.query<TableRow>(TABLES, [SCHEMAS]);
  const there = rows.filter(({ entries }) => entries !== null);
  const names = there.map(({ schema, heads, entries }) => `${schema} ${heads} ${entries}`);
  return { schemas: there.map(({ schema }) => schema), names: names.join() };
}

/** From here on no head moves for whoever does not know of the erasure. */
export async function fenceHeads(
  db: pg.Pool,
  { schemas }: ProjectionTables,
  erasureNo: bigint,
  lockTimeoutMs: number,
): Promise<void> {
  await withTransaction(db, async (client) => {
    await client.query(`set local lock_timeout = ${lockTimeoutMs}`);
    for (const schema of schemas) {
      await client.query(
        `select from ${schema}.projected_heads order by partition for no key update`,
      );
      await client.query(
        `update ${schema}.projected_heads set erasure_no = $1 where erasure_no < $1`,
        [erasureNo],
      );
    }
  });
}

/** All tables in one transaction: who compares them finds them alike. */
export async function purgeAccount(
  db: pg.Pool,
  { schemas }: ProjectionTables,
  accountId: string,
  entriesAtOnce: number,
): Promise<void> {
  let newest = 0n;
  await withTransaction(db, async (client) => {
    for (const schema of schemas) {
      await client.query(
        `update ${schema}.balances set owner = '' where account_id = $1 and owner <> ''`,
        [accountId],
      );
      const { rows } = await client.query<{ newest: bigint }>(
        `select coalesce(max(version), 0) as newest from ${schema}.entries where account_id = $1`,
        [accountId],
      );
      const here = rows[0]?.newest ?? 0n;
      if (here > newest) newest = here;
    }
  });
  for (let from = 0n; from < newest; from += BigInt(entriesAtOnce)) {
    await withTransaction(db, async (client) => {
      for (const schema of schemas) {
        await client.query(
          `update ${schema}.entries set reference = ''
            where account_id = $1 and version > $2 and version <= $3 and reference <> ''`,
          [accountId, from, from + BigInt(entriesAtOnce)],
        );
      }
    });
  }
}

export async function readPurged(db: pg.Pool): Promise<bigint> {
  const { rows } = await db.query<{ erasure_no: bigint }>('select erasure_no from purged_erasures');
  return rows[0]?.erasure_no ?? 0n;
}

export async function keepPurged(db: pg.Pool, erasureNo: bigint): Promise<void> {
  await db.query('update purged_erasures set erasure_no = $1 where erasure_no < $1', [erasureNo]);
}
