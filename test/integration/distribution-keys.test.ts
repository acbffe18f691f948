/**
 * Both stores can be spread over servers by account_id (docs/scale.md): each key of `events`,
 * `open_holds`, `balances` and `entries` leads with it, and each statement on them, wherever it
 * stands in the services, is for accounts that it names, save those that are listed here. What
 * cannot be read, or is read no more though it is listed, is a failure, too.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { loadModule, parsePlPgSQLSync, parseSync } from 'libpg-query';
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openDatabases, type Databases } from '#test/support/databases.ts';
import { sourceFiles } from '#test/support/source-files.ts';
import { untiedUses, usesTable } from '#test/support/sql-keys.ts';
import { createSqlReader, HOLE, type SqlText } from '#test/support/sql-texts.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEY = 'account_id';
const EVENT_STORE = ['events', 'open_holds'];
const PROJECTION_STORE = ['balances', 'entries', 'open_holds'];
const TABLES = new Set([...EVENT_STORE, ...PROJECTION_STORE]);
const KEYED = { tables: new Set([...TABLES, HOLE]), key: KEY };
const FOLDERS = ['command-svc', 'projector-svc', 'query-svc', 'platform', 'deploy/ops'];
const USE = new RegExp(
  `\\b(from|join|into|update|copy|only)\\s+(\\w+\\.)?(${[...KEYED.tables].join('|')})\\b`,
  'i',
);

/** The same in a source, where a table may be named at run time. */
const WRITTEN = new RegExp(USE.source.replace(HOLE, '\\$\\{').replace(/\\b$/, ''), 'i');
const VERB = /\b(select|insert|update|delete|copy|join)\b/i;
const packageSchema = z.object({ imports: z.record(z.string(), z.string()) });

/** Files whose statements go to all servers on purpose, with what for. */
const ALL_ACCOUNTS: Readonly<Record<string, string>> = {
  'command-svc/sql/copy-events.ts': 'VerifyEvents goes through all accounts in their order',
  'command-svc/sql/find-passed-holds.ts': 'the expiry scan looks for times that have passed',
  'projector-svc/sql/compare-rebuilt.ts': 'a rebuild is compared in ranges of accounts',
  'projector-svc/sql/diff-rebuilt.ts': 'the states of a rebuild are compared before it is swapped',
  'projector-svc/sql/read-event-page.ts': 'Reconcile goes through all accounts in their order',
  'projector-svc/sql/read-projection-page.ts': 'Reconcile, the other side',
  'query-svc/sql/list-accounts.ts': 'ListAccounts has pages of all accounts',
};

/** Functions that use the tables, each for accounts that it is given. */
const FUNCTIONS = ['append_holds', 'first_version_at', 'update_balances', 'update_holds'];

describe('what is spread by account', () => {
  let databases: Databases;
  beforeAll(async () => {
    [databases] = await Promise.all([openDatabases(), loadModule()]);
  });
  afterAll(() => databases.close());

  test.each([
    ['event store', 'eventStore', EVENT_STORE],
    ['projection store', 'projectionStore', PROJECTION_STORE],
  ] as const)('has keys that lead with it: %s', async (_, store, tables) => {
    const keys = await keysOf(databases[store], tables);
    expect(keys.map(({ table }) => table)).toEqual(expect.arrayContaining([...tables]));
    expect(keys.filter(({ leads }) => leads !== KEY)).toEqual([]);
  });

  test('is asked for by it in every statement of the services', () => {
    const { statements, unread } = statementsOfServices();
    expect(unread).toEqual([]);
    expect(statements.length).toBeGreaterThan(30);
    const problems = statements.flatMap(({ path, line, parsed }) =>
      untiedUses(parsed, KEYED).map((problem) => ({ path, at: `${path}:${line}: ${problem}` })),
    );
    const isListed = ({ path }: { path: string }): boolean => path in ALL_ACCOUNTS;
    expect(problems.filter((one) => !isListed(one)).map(({ at }) => at)).toEqual([]);
    const listedForNothing = Object.keys(ALL_ACCOUNTS).filter(
      (path) => !problems.some((one) => one.path === path),
    );
    expect(listedForNothing).toEqual([]);
  });

  test('is asked for by it in every function of the stores', async () => {
    const functions = [
      ...(await functionsOf(databases.eventStore)),
      ...(await functionsOf(databases.projectionStore)),
    ];
    const using = functions.map(({ name, definition }) => ({
      name,
      uses: bodies(definition).filter((body) => usesTable(body, KEYED.tables)),
    }));
    const found = using.filter(({ uses }) => uses.length > 0).map(({ name }) => name);
    expect([...new Set(found)]).toEqual(expect.arrayContaining(FUNCTIONS));
    const problems = using.flatMap(({ name, uses }) =>
      uses.flatMap((body) => untiedUses(body, KEYED).map((problem) => `${name}: ${problem}`)),
    );
    expect(problems).toEqual([]);
  });

  test('is what deploy/citus/distribute.sql names, with all that is kept beside it', async () => {
    const text = readFileSync(`${ROOT}/deploy/citus/distribute.sql`, 'utf8');
    expect(parseSync(text).stmts).toHaveLength(1);
    const body = /do \$\$(.*)\$\$/s.exec(text)?.[1] ?? '';
    parsePlPgSQLSync(`create function f() returns void language plpgsql as $$${body}$$`);
    const [ofEvents = [], ofBalances = []] = [...body.matchAll(/array\[(.+?)\]/g)].map(([, list]) =>
      (list ?? '').split(',').map((name) => name.trim().replaceAll("'", '')),
    );
    for (const [store, names, needed] of [
      [databases.eventStore, ofEvents, EVENT_STORE],
      [databases.projectionStore, ofBalances, PROJECTION_STORE],
    ] as const) {
      expect(names).toEqual(expect.arrayContaining([...needed]));
      const keys = await keysOf(store, names);
      expect([...new Set(keys.map(({ table }) => table))].toSorted()).toEqual(names.toSorted());
      expect(keys.filter(({ leads }) => leads !== KEY)).toEqual([]);
    }
  });
});

type Key = { readonly table: string; readonly name: string; readonly leads: string };

async function keysOf(store: pg.Pool, tables: readonly string[]): Promise<Key[]> {
  const { rows } = await store.query<Key>(
    `select c.relname as table, i.indexrelid::regclass::text as name,
            pg_get_indexdef(i.indexrelid, 1, true) as leads
       from pg_index i join pg_class c on c.oid = i.indrelid
      where c.relnamespace = 'public'::regnamespace and c.relname = any($1::text[])
        and (i.indisunique or i.indisprimary)`,
    [tables],
  );
  return rows;
}

type StoredFunction = { readonly name: string; readonly definition: string };

async function functionsOf(store: pg.Pool): Promise<StoredFunction[]> {
  const { rows } = await store.query<StoredFunction>(
    `select p.proname as name, pg_get_functiondef(p.oid) as definition from pg_proc p
      where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'`,
  );
  return rows;
}

/** A function's statements, parsed. */
function bodies(definition: string): unknown[] {
  if (!/language plpgsql/i.test(definition)) return [parseSync(definition)];
  const texts: string[] = [];
  JSON.stringify(parsePlPgSQLSync(definition), (key, value: unknown) => {
    if (key === 'query' && typeof value === 'string') texts.push(value);
    return value;
  });
  return texts.filter((text) => USE.test(text)).map((text) => parseSync(text));
}

type Statement = SqlText & { readonly parsed: unknown };

/** What uses the tables; `unread`: what looks like it, and is SQL in no place where it is used. */
function statementsOfServices(): { statements: Statement[]; unread: string[] } {
  const statements: Statement[] = [];
  const others: SqlText[] = [];
  for (const one of textsOfServices()) {
    if (!USE.test(one.text) || !VERB.test(one.text)) continue;
    const parsed = parsedSql(one.text);
    if (parsed === undefined) others.push(one);
    else if (usesTable(parsed, KEYED.tables)) statements.push({ ...one, parsed });
  }
  const usedIn = new Set(statements.flatMap(({ parts }) => parts));
  const unread = others.map(({ path, line }) => `${path}:${line}`);
  return { statements, unread: unread.filter((place) => !usedIn.has(place)) };
}

function textsOfServices(): SqlText[] {
  const { imports } = packageSchema.parse(JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')));
  const folders = Object.fromEntries(
    Object.entries(imports).map(([from, to]) => [from.slice(0, -1), to.slice(2, -1)]),
  );
  const reader = createSqlReader(ROOT, folders);
  return sourceFiles(ROOT)
    .filter((path) => FOLDERS.some((folder) => path.startsWith(`${folder}/`)))
    .filter((path) => path.endsWith('.ts') && WRITTEN.test(readFileSync(`${ROOT}/${path}`, 'utf8')))
    .flatMap((path) => reader.textsOf(path));
}

/** Also of a condition, or of a join that others take in, and where a hole is `asc` or `desc`. */
function parsedSql(text: string): unknown {
  const directed = text.replaceAll(new RegExp(`(order by [\\w.]+) ${HOLE}\\b`, 'g'), '$1');
  for (const sql of [text, directed, `select ${text}`, `select from outside ${text}`]) {
    try {
      return parseSync(sql);
    } catch {
      continue; // it is another kind of fragment, or no SQL at all
    }
  }
  return undefined;
}
