/**
 * Whether a statement finds its rows by a key: each of its uses of a table is tied to a value of
 * the key's column, by `=`, `= any` or `in` with a parameter or with what another relation brings,
 * or writes the column. A range of the key (`>`, `between`) is none: it would go to every server.
 * `parsed` is what PostgreSQL's own parser has made of it.
 */
import { z } from 'zod';

export type KeyedTables = { readonly tables: ReadonlySet<string>; readonly key: string };

type Tree = Readonly<Record<string, unknown>>;
type Relation = { readonly alias: string; readonly table: string | undefined };
type Scope = { readonly relations: Relation[]; readonly ties: Set<string>[] };

/** Stands in a tie for whatever is not one of the scope's tables. */
const OUTSIDE = '*';
const EQUALITIES = new Set(['AEXPR_OP', 'AEXPR_OP_ANY', 'AEXPR_IN']);

/** The uses of the tables that are not tied to the key, in words; none: it is well. */
export function untiedUses(parsed: unknown, keyed: KeyedTables): string[] {
  const problems: string[] = [];
  const commonNames = new Set(found(parsed, 'CommonTableExpr').map((one) => text(one['ctename'])));
  const isKeyed = (name: string): boolean => keyed.tables.has(name) && !commonNames.has(name);
  for (const select of found(parsed, 'SelectStmt')) {
    const scope = scopeOf([select['fromClause']], [select['whereClause']], isKeyed, keyed.key);
    problems.push(...untied(scope, 'read'));
  }
  for (const [name, using] of [
    ['UpdateStmt', 'fromClause'],
    ['DeleteStmt', 'usingClause'],
  ] as const) {
    for (const one of found(parsed, name)) {
      const relation = { RangeVar: one['relation'] };
      const from = [relation, one[using]];
      problems.push(...untied(scopeOf(from, [one['whereClause']], isKeyed, keyed.key), 'changed'));
    }
  }
  for (const one of [...found(parsed, 'InsertStmt'), ...found(parsed, 'CopyStmt')]) {
    const table = text(tree(one['relation'])['relname']);
    const columns = [one['cols'], one['attlist']].flatMap(columnNames);
    if (isKeyed(table) && !columns.includes(keyed.key)) {
      problems.push(`${table} is written without naming ${keyed.key}`);
    }
  }
  return problems;
}

/** All uses of these tables, tied or not. */
export function usesTable(parsed: unknown, names: ReadonlySet<string>): boolean {
  const copied = [...found(parsed, 'CopyStmt'), ...found(parsed, 'InsertStmt')];
  const changed = [...found(parsed, 'UpdateStmt'), ...found(parsed, 'DeleteStmt')];
  const written = [...copied, ...changed].map((one) => tree(one['relation']));
  return [...found(parsed, 'RangeVar'), ...written].some((one) => names.has(text(one['relname'])));
}

function untied({ relations, ties }: Scope, how: string): string[] {
  const tied = new Set([OUTSIDE]);
  for (let grew = true; grew;) {
    grew = false;
    for (const tie of ties) {
      if (![...tie].some((alias) => tied.has(alias))) continue;
      for (const alias of tie) {
        grew ||= !tied.has(alias);
        tied.add(alias);
      }
    }
  }
  return relations
    .filter(({ alias, table }) => table !== undefined && !tied.has(alias))
    .map(({ table }) => `${table} is ${how} without a value of its key`);
}

function scopeOf(
  from: readonly unknown[],
  conditions: readonly unknown[],
  isKeyed: (name: string) => boolean,
  key: string,
): Scope {
  const relations: Relation[] = [];
  const ties: Set<string>[] = [];
  const walk = (node: unknown): string[] => {
    if (Array.isArray(node)) return node.flatMap(walk);
    const { RangeVar, JoinExpr } = tree(node);
    if (RangeVar !== undefined) {
      const relation = relationOf(tree(RangeVar), isKeyed);
      relations.push(relation);
      return [relation.table === undefined ? OUTSIDE : relation.alias];
    }
    // A subselect is a scope of its own; a function brings rows from outside.
    if (JoinExpr === undefined) return [OUTSIDE];
    const { larg, rarg, usingClause, quals } = tree(JoinExpr);
    const sides = [...walk(larg), ...walk(rarg)];
    if (columnNames(usingClause).includes(key)) ties.push(new Set(sides));
    ties.push(...tiesOf(quals, relations, key));
    return sides;
  };
  walk(from);
  for (const condition of conditions) ties.push(...tiesOf(condition, relations, key));
  return { relations, ties };
}

function relationOf(node: Tree, isKeyed: (name: string) => boolean): Relation {
  const name = text(node['relname']);
  const alias = text(tree(node['alias'])['aliasname']);
  return { alias: alias === '' ? name : alias, table: isKeyed(name) ? name : undefined };
}

/** Of conditions that all must hold: what stands in an `or` ties nothing. */
function tiesOf(condition: unknown, relations: readonly Relation[], key: string): Set<string>[] {
  const { BoolExpr, A_Expr } = tree(condition);
  if (BoolExpr !== undefined) {
    const { boolop, args } = tree(BoolExpr);
    if (boolop !== 'AND_EXPR' || !Array.isArray(args)) return [];
    return args.flatMap((one) => tiesOf(one, relations, key));
  }
  const { kind, name, lexpr, rexpr } = tree(A_Expr);
  if (!EQUALITIES.has(text(kind)) || !JSON.stringify(name ?? '').includes('"="')) return [];
  const sides = [lexpr, rexpr].map((side) => aliasesOf(side, relations, key));
  return sides.some((aliases) => aliases.length > 0)
    ? [new Set(sides.flatMap((aliases) => (aliases.length > 0 ? aliases : [OUTSIDE])))]
    : [];
}

/** Which of the scope's tables' keys a side of an equality is. */
function aliasesOf(side: unknown, relations: readonly Relation[], key: string): string[] {
  const { ColumnRef, RowExpr } = tree(side);
  if (RowExpr !== undefined) {
    const { args } = tree(RowExpr);
    return Array.isArray(args) ? args.flatMap((one) => aliasesOf(one, relations, key)) : [];
  }
  const names = columnNames(tree(ColumnRef)['fields']);
  if (names.at(-1) !== key) return [];
  const ofAlias = names.length > 1 ? names.at(-2) : undefined;
  return relations
    .filter(({ alias, table }) => table !== undefined && alias === (ofAlias ?? alias))
    .map(({ alias }) => alias);
}

function columnNames(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((one: unknown) => {
    const { String: name, ResTarget } = tree(one);
    return text(tree(name)['sval']) || text(tree(ResTarget)['name']);
  });
}

/** The bodies of all nodes of that kind, wherever they stand. */
function found(node: unknown, kind: string): Tree[] {
  if (Array.isArray(node)) return node.flatMap((one) => found(one, kind));
  return Object.entries(tree(node)).flatMap(([name, body]) => {
    const inside = found(body, kind);
    return name === kind ? [tree(body), ...inside] : inside;
  });
}

const treeSchema = z.record(z.string(), z.unknown());

function tree(node: unknown): Tree {
  const parsed = treeSchema.safeParse(node);
  return parsed.success ? parsed.data : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
