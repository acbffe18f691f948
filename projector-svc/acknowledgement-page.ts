/**
 * Tells one page of rows, partition by partition in the order of the log. A row that names other
 * positions of its append waits until the heads have reached them (and what stands there could be
 * read), and the later rows of its partition wait with it. Items whose accounts are parked are left
 * out; a row of the retry tells them.
 */
import { SpanKind } from '@opentelemetry/api';
import { IS_STREAM } from '#platform/span-attributes.ts';
import { counter, detailsAreShown, failSpan } from '#platform/telemetry.ts';
import { timestampFromDate } from '#platform/timestamps.ts';
import type {
  Acknowledgement,
  StreamAcknowledgementsResponse as Response,
} from '#proto/bank/v1/projector_service.ts';
import type { KnownTotals, OpenedRequest } from './acknowledgement-request.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';
import { startJoinedSpan, type JoinedSpan } from './joined-spans.ts';
import { readItemIndexes, writeItemIndexes } from './item-indexes.ts';
import type {
  AcknowledgementPage,
  AcknowledgementRow,
  LogPosition,
} from './sql/read-acknowledgements.ts';

export type PageResult = {
  told: number;
  /** The store may hold more rows that can be told at once. */
  more: boolean;
  complete: boolean;
  /** The submission is closed and all of it was told, but the totals differ. */
  disagrees: boolean;
};

const itemsTold = counter(
  'bank.projector.acknowledged_items',
  'Items told as projected, over all streams of acknowledgements.',
  '{item}',
);

export async function tellPage(
  opened: OpenedRequest,
  page: AcknowledgementPage,
  known: KnownTotals,
  send: (message: Response) => Promise<void>,
): Promise<PageResult> {
  const passed = rowsToPass(page);
  const rows = passed.map(withoutWaiting);
  const toTell = rows.filter((row) => row.itemCount > 0n);
  if (rows.length > 0) {
    const joined = toTell.length > 0 ? startSpan(opened, toTell) : undefined;
    try {
      for (const row of rows) await tellRow(opened, known, row, send);
    } catch (error) {
      if (joined !== undefined) failSpan(joined.span, error);
      throw error;
    } finally {
      joined?.end();
    }
  }
  const items = toTell.reduce((sum, row) => sum + Number(row.itemCount), 0);
  if (items > 0) itemsTold.add(items);
  const held = passed.length < page.rows.length;
  const more = passed.length > 0 && pageIsFull(page);
  const all =
    !held &&
    !more &&
    isReached(page, page.closed?.lastPositions ?? []) &&
    page.closed !== undefined;
  const agrees = page.closed?.accepted === opened.told.total;
  const waits = known.blocked > 0n || page.unread.length > 0;
  const disagrees = all && !agrees && !waits;
  return { told: toTell.length, more, complete: all && agrees, disagrees };
}

function rowsToPass(page: AcknowledgementPage): AcknowledgementRow[] {
  const waiting = new Set<number>();
  return page.rows.filter((row) => {
    if (!isReached(page, row.others)) waiting.add(row.partition);
    return !waiting.has(row.partition);
  });
}

function isReached(page: AcknowledgementPage, positions: readonly LogPosition[]): boolean {
  return positions.every(
    ({ partition, seq }) =>
      (page.heads.get(partition) ?? 0n) >= seq &&
      !page.unread.some((one) => one.partition === partition && one.seq === seq),
  );
}

function withoutWaiting(row: AcknowledgementRow): AcknowledgementRow {
  if (row.waiting.length === 0 || row.itemIndexes === undefined) return row;
  const waiting = new Set(row.waiting);
  const indexes = readItemIndexes(row.itemIndexes).filter((index) => !waiting.has(index));
  return { ...row, itemCount: BigInt(indexes.length), itemIndexes: writeItemIndexes(indexes) };
}

function pageIsFull(page: AcknowledgementPage): boolean {
  const counts = new Map<string, number>();
  for (const row of page.rows) {
    const key = `${row.partition}/${row.retryNo > 0n}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts.values()].some((count) => count >= ACKNOWLEDGEMENTS.rowsPerPartition);
}

/** A row of which nothing is left to tell is passed in silence. */
async function tellRow(
  opened: OpenedRequest,
  known: KnownTotals,
  row: AcknowledgementRow,
  send: (message: Response) => Promise<void>,
): Promise<void> {
  const { told } = opened;
  told.total += row.itemCount;
  if (row.retryNo > 0n) told.retryNos.set(row.partition, row.retryNo);
  else told.seqs.set(row.partition, row.seq);
  if (row.itemCount === 0n) return;
  const message = opened.progressMessage(known, false);
  await send({ ...message, acknowledgement: acknowledgementOf(row, opened.withIndexes) });
}

function acknowledgementOf(row: AcknowledgementRow, withIndexes: boolean): Acknowledgement {
  const { itemIndexes } = row;
  return {
    partition: row.partition,
    seq: row.seq,
    itemCount: row.itemCount,
    itemIndexes: withIndexes && itemIndexes !== undefined ? readItemIndexes(itemIndexes) : [],
    traceparent: row.traceparent ?? '',
    projectedAt: row.projectedAt && timestampFromDate(row.projectedAt),
    storedAt: row.storedAt && timestampFromDate(row.storedAt),
  };
}

/** One span a page, in the traces of its batches. */
function startSpan(opened: OpenedRequest, rows: readonly AcknowledgementRow[]): JoinedSpan {
  const attributes = {
    [IS_STREAM]: true, // its caller may be slow
    'bank.records': rows.length,
    'bank.items': rows.reduce((sum, row) => sum + Number(row.itemCount), 0),
    ...(detailsAreShown() ? { 'bank.submission_id': opened.submissionId } : {}),
  };
  const traceparents = rows.map(({ traceparent }) => traceparent);
  return startJoinedSpan('acknowledge', SpanKind.INTERNAL, traceparents, attributes);
}
