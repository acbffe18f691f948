/**
 * How PostgreSQL runs the load of accounts: EXPLAIN (ANALYZE, BUFFERS) of the very statement, and
 * what it counts, summed over the nodes that read events.
 */
import type { ClientBase } from 'pg';
import { z } from 'zod';
import { loadStatement } from '../../command-svc/sql/load-accounts.ts';

export type EventReads = {
  /** What reads events: node type and index. */
  readonly scans: string[];
  /** Descents of an index. */
  readonly searches: number;
  /** Read from the table, kept or not. */
  readonly rows: number;
  /** Pages of table and index, in cache or not. */
  readonly pages: number;
};

type PlanNode = {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string | undefined;
  readonly 'Index Name'?: string | undefined;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number | undefined;
  readonly 'Index Searches'?: number | undefined;
  readonly 'Shared Hit Blocks': number;
  readonly 'Shared Read Blocks': number;
  readonly Plans?: PlanNode[] | undefined;
};

const NODE: z.ZodType<PlanNode> = z.lazy(() =>
  z.object({
    'Node Type': z.string(),
    'Relation Name': z.string().optional(),
    'Index Name': z.string().optional(),
    'Actual Rows': z.number(),
    'Actual Loops': z.number(),
    'Rows Removed by Filter': z.number().optional(),
    'Index Searches': z.number().optional(),
    'Shared Hit Blocks': z.number(),
    'Shared Read Blocks': z.number(),
    Plans: z.array(NODE).optional(),
  }),
);
const PLAN = z.tuple([z.tuple([z.object({ Plan: NODE })])]);

/** Loads cold accounts of a partition; runs the statement. */
export async function eventReads(
  db: Pick<ClientBase, 'query'>,
  accountIds: readonly string[],
): Promise<EventReads> {
  const plan = PLAN.parse(await explain(db, accountIds, 'format json'))[0][0].Plan;
  const nodes = flat(plan).filter((node) => node['Relation Name'] === 'events');
  const sum = (of: (node: PlanNode) => number): number =>
    nodes.reduce((total, node) => total + of(node), 0);
  return {
    scans: nodes
      .filter((node) => node['Actual Loops'] > 0)
      .map((node) => `${node['Node Type']} ${node['Index Name']}`),
    searches: sum((node) => node['Index Searches'] ?? 0),
    rows: sum(
      (node) =>
        Math.round(node['Actual Rows'] * node['Actual Loops']) +
        (node['Rows Removed by Filter'] ?? 0) * node['Actual Loops'],
    ),
    pages: sum((node) => node['Shared Hit Blocks'] + node['Shared Read Blocks']),
  };
}

/** The plan's lines about the newest event of each account, as EXPLAIN writes them. */
export async function eventReadLines(
  db: Pick<ClientBase, 'query'>,
  accountIds: readonly string[],
): Promise<string[]> {
  const lines = z.array(z.string()).parse(await explain(db, accountIds, 'format text'));
  const first = lines.findIndex((line) => line.includes(' on events'));
  return lines.slice(first, first + READ_LINES);
}

/** The node and what it says below itself: condition, searches, buffers. */
const READ_LINES = 4;

/** What EXPLAIN answers, a row each. */
async function explain(
  db: Pick<ClientBase, 'query'>,
  accountIds: readonly string[],
  format: string,
): Promise<unknown[]> {
  const { text, values } = loadStatement({
    partition: 0,
    known: undefined, // nothing is cached
    headTaken: false,
    rowsMax: 20,
    accountIds,
    operationAccountIds: [],
    operationIds: [],
  });
  const { rows } = await db.query<Record<string, unknown>>(
    `explain (analyze, buffers, ${format}) ${text}`,
    [...values],
  );
  return rows.map((row) => row['QUERY PLAN']);
}

function flat(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flat)];
}
