/**
 * The statements of one projecting transaction, sent as one message: first the compare-and-set of
 * each partition's head, then entries, new and changed balances, acknowledgements and closed
 * submissions. Any failure rolls all of it back.
 */
import { joinCopies } from '#platform/copy-binary.ts';
import { lockTimeout, type PipelineStep } from '#platform/postgres-pipeline.ts';
import { COPY_ACKNOWLEDGEMENTS, COPY_CLOSED_SUBMISSIONS } from '../acknowledgement-rows.ts';
import { BATCH } from '../config.ts';
import { COPY_ENTRY_LINKS } from '../entry-links.ts';
import { COPY_ENTRIES } from '../entry-rows.ts';
import { COPY_BALANCES } from '../new-balances.ts';
import { keepWaiting } from './keep-waiting.ts';
import type { WaitingRows } from './keep-waiting.ts';

/** SQLSTATEs that our functions raise. */
export const HEAD_MOVED = 'PH001';
export const BALANCE_DIFFERS = 'PH002';
export const HOLD_DIFFERS = 'PH003';

const MOVE_HEAD = 'select move_projected_head($1, $2, $3, $4, $5, $6, $7, $8, $9)';
const UPDATE_BALANCES = 'select update_balances($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)';

/** What events become, of one partition. */
export type EventRows = {
  entries: Buffer | undefined;
  entryLinks: Buffer | undefined;
  /** The argument of update_holds. */
  holds: string | undefined;
  newBalances: Buffer | undefined;
  changedBalances: Buffer[] | undefined;
};

/** Where a head moves, and from where. */
export type HeadMove = {
  partition: number;
  expected: { readonly seq: bigint; readonly retryNo: bigint };
  newSeq: bigint;
  newBatchId: string;
  projectedAt: string;
  filledRecords: number;
  eventCount: number;
  /** Up to which erasure of owners its texts are known to be left out. */
  erasureNo: bigint;
};

export type ProjectedRows = EventRows &
  HeadMove & {
    /** What parked accounts have to wait for; undefined: nothing. */
    waiting: WaitingRows | undefined;
    acknowledgements: Buffer | undefined;
    closedSubmissions: Buffer | undefined;
  };

/** Partitions ascending, so that two replicas never wait for each other's heads in a ring. */
export function projectRecords(partitions: readonly ProjectedRows[]): PipelineStep[] {
  const steps = [
    partitions.length > 1 ? lockTimeout(BATCH.sharedLockTimeoutMs) : undefined,
    ...partitions.map(moveHead),
    ...applyEvents(partitions),
    ...partitions.map(({ waiting }) => waiting && keepWaiting(waiting)),
    ...tellSubmissions(partitions),
  ];
  return steps.filter((step) => step !== undefined);
}

/** Entries and balances, of events in the order of their accounts' versions. */
export function applyEvents(
  partitions: readonly (EventRows & Pick<HeadMove, 'projectedAt'>)[],
): PipelineStep[] {
  const steps = [
    copy(
      'copy_entries',
      COPY_ENTRIES,
      partitions.map((rows) => rows.entries),
    ),
    copy(
      'copy_entry_links',
      COPY_ENTRY_LINKS,
      partitions.map((rows) => rows.entryLinks),
    ),
    copy(
      'copy_balances',
      COPY_BALANCES,
      partitions.map((rows) => rows.newBalances),
    ),
    ...partitions.map((rows) => updateBalances(rows.changedBalances, rows.projectedAt)),
    ...partitions.map(({ holds }) => updateHolds(holds)),
  ];
  return steps.filter((step) => step !== undefined);
}

/** What watchers of submissions are told. */
export function tellSubmissions(
  partitions: readonly Pick<ProjectedRows, 'acknowledgements' | 'closedSubmissions'>[],
): PipelineStep[] {
  const steps = [
    copy(
      'copy_acknowledgements',
      COPY_ACKNOWLEDGEMENTS,
      partitions.map((rows) => rows.acknowledgements),
    ),
    copy(
      'copy_closed_submissions',
      COPY_CLOSED_SUBMISSIONS,
      partitions.map((rows) => rows.closedSubmissions),
    ),
  ];
  return steps.filter((step) => step !== undefined);
}

export function moveHead(rows: HeadMove): PipelineStep {
  return {
    kind: 'statement',
    name: 'move_projected_head',
    sql: MOVE_HEAD,
    values: [
      String(rows.partition),
      String(rows.expected.seq),
      String(rows.expected.retryNo),
      String(rows.newSeq),
      rows.newBatchId,
      rows.projectedAt,
      String(rows.filledRecords),
      String(rows.eventCount),
      String(rows.erasureNo),
    ],
  };
}

function copy(
  name: string,
  sql: string,
  given: readonly (Buffer | undefined)[],
): PipelineStep | undefined {
  const streams = given.filter((stream) => stream !== undefined);
  return streams.length === 0 ? undefined : { kind: 'copy', name, sql, data: joinCopies(streams) };
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

function updateHolds(changes: string | undefined): PipelineStep | undefined {
  if (changes === undefined) return undefined;
  return {
    kind: 'statement',
    name: 'update_holds',
    sql: 'select update_holds($1)',
    values: [changes],
  };
}
