/**
 * The statements of one projecting transaction, sent as one message: first the head's
 * compare-and-set, then entries, new and changed balances, acknowledgements and closed submissions.
 * Any failure rolls all of it back.
 */
import type { PipelineStep } from '#platform/postgres-pipeline.ts';
import { COPY_ACKNOWLEDGEMENTS, COPY_CLOSED_SUBMISSIONS } from '../acknowledgement-rows.ts';
import { COPY_ENTRIES } from '../entry-rows.ts';
import { COPY_BALANCES } from '../new-balances.ts';

/** SQLSTATEs that our functions raise. */
export const HEAD_MOVED = 'PH001';
export const BALANCE_DIFFERS = 'PH002';

const MOVE_HEAD = 'select move_projected_head($1, $2, $3, $4, $5, $6)';
const UPDATE_BALANCES = 'select update_balances($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)';

export type ProjectedRows = {
  partition: number;
  expectedSeq: bigint;
  newSeq: bigint;
  newBatchId: string;
  projectedAt: string;
  filledRecords: number;
  entries: Buffer | undefined;
  newBalances: Buffer | undefined;
  changedBalances: Buffer[] | undefined;
  acknowledgements: Buffer | undefined;
  closedSubmissions: Buffer | undefined;
};

export function projectRecords(rows: ProjectedRows): PipelineStep[] {
  const moveHead: PipelineStep = {
    kind: 'statement',
    name: 'move_projected_head',
    sql: MOVE_HEAD,
    values: [
      String(rows.partition),
      String(rows.expectedSeq),
      String(rows.newSeq),
      rows.newBatchId,
      rows.projectedAt,
      String(rows.filledRecords),
    ],
  };
  const steps = [
    moveHead,
    copy('copy_entries', COPY_ENTRIES, rows.entries),
    copy('copy_balances', COPY_BALANCES, rows.newBalances),
    updateBalances(rows.changedBalances, rows.projectedAt),
    copy('copy_acknowledgements', COPY_ACKNOWLEDGEMENTS, rows.acknowledgements),
    copy('copy_closed_submissions', COPY_CLOSED_SUBMISSIONS, rows.closedSubmissions),
  ];
  return steps.filter((step) => step !== undefined);
}

function copy(name: string, sql: string, data: Buffer | undefined): PipelineStep | undefined {
  return data === undefined ? undefined : { kind: 'copy', name, sql, data };
}

function updateBalances(arrays: Buffer[] | undefined, at: string): PipelineStep | undefined {
  if (arrays === undefined) return undefined;
  return {
    kind: 'statement',
    name: 'update_balances',
    sql: UPDATE_BALANCES,
    values: [...arrays, at],
  };
}
