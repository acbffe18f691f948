/** What a rebuild has made against what is live, read by the owner, apart from the services. */
import type pg from 'pg';

const TABLES = [
  'projected_heads',
  'balances',
  'entries',
  'entry_links',
  'open_holds',
  'acknowledgements',
  'closed_submissions',
] as const;
/** Say when and how a row came, not what it is. */
const ABOUT_THE_WAY = ['projected_at', 'filled_records'];

export type Rows = Record<string, Record<string, unknown>[]>;

/** All rows of all tables in a schema, ordered by what they hold. */
export async function rowsOf(pool: pg.Pool, schema: 'public' | 'rebuild'): Promise<Rows> {
  const rows: Rows = {};
  for (const table of TABLES) {
    const result = await pool.query<{ row: Record<string, unknown> }>(
      `select to_jsonb(t) - $1::text[] as row from ${schema}.${table} t
        order by (to_jsonb(t) - $1::text[])::text`,
      [ABOUT_THE_WAY],
    );
    rows[table] = result.rows.map(({ row }) => row);
  }
  return rows;
}

/** Keys, indexes, checks, settings and rights, by their names. */
export async function shapesOf(pool: pg.Pool, schema: 'public' | 'rebuild'): Promise<string[]> {
  const { rows } = await pool.query<{ line: string }>(
    `with tables as (
       select c.* from pg_class c
        where c.relnamespace = $1::regnamespace and c.relkind = 'r' and c.relname = any($2))
     select concat_ws(' ', t.relname, k.conname, pg_get_constraintdef(k.oid)) as line
       from tables t join pg_constraint k on k.conrelid = t.oid
     union all
     select replace(pg_get_indexdef(i.indexrelid), $1 || '.', '')
       from tables t join pg_index i on i.indrelid = t.oid
     union all
     select concat_ws(' ', t.relname, t.reloptions::text,
                      array(select a::text from unnest(t.relacl) a order by 1)::text,
                      obj_description(t.oid, 'pg_class')) from tables t
     union all
     select concat_ws(' ', t.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod),
                      a.attnotnull, a.attstorage, pg_get_expr(d.adbin, d.adrelid),
                      col_description(t.oid, a.attnum))
       from tables t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
       left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
      order by 1`,
    [schema, TABLES],
  );
  return rows.map(({ line }) => line);
}

export async function tablesIn(pool: pg.Pool, schema: 'previous' | 'rebuild'): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(
    'select tablename as name from pg_tables where schemaname = $1 order by 1',
    [schema],
  );
  return rows.map(({ name }) => name);
}
