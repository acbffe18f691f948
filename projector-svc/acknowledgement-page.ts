/**
 * Tells one page of rows, partition by partition in the order of the log. A row that names other
 * positions of its append waits until the heads have reached them, and the later rows of its
 * partition wait with it.
 */
import type { Link, Span } from '@opentelemetry/api';
import { contextOfTraceparent, linkOfTraceparent, tracer } from '#platform/telemetry.ts';
import { timestampFromDate } from '#platform/timestamps.ts';
import type {
  Acknowledgement,
  StreamAcknowledgementsResponse as Response,
} from '#proto/bank/v1/projector_service.ts';
import type { OpenedRequest } from './acknowledgement-request.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';
import { readItemIndexes } from './item-indexes.ts';
import type { AcknowledgementPage, AcknowledgementRow } from './sql/read-acknowledgements.ts';

export type PageResult = {
  told: number;
  /** The store may hold more rows that can be told at once. */
  more: boolean;
  complete: boolean;
  /** The submission is closed and all of it was told, but the totals differ. */
  disagrees: boolean;
};

export async function tellPage(
  opened: OpenedRequest,
  page: AcknowledgementPage,
  send: (message: Response) => Promise<void>,
): Promise<PageResult> {
  const rows = rowsToTell(page);
  if (rows.length > 0) {
    const span = startSpan(opened, rows);
    try {
      for (const row of rows) await tellRow(opened, page, row, send);
    } finally {
      span.end();
    }
  }
  const held = rows.length < page.rows.length;
  const more = rows.length > 0 && pageIsFull(page);
  const all =
    !held &&
    !more &&
    isReached(page, page.closed?.lastPositions ?? []) &&
    page.closed !== undefined;
  const agrees = page.closed?.accepted === opened.told.total;
  return { told: rows.length, more, complete: all && agrees, disagrees: all && !agrees };
}

function rowsToTell(page: AcknowledgementPage): AcknowledgementRow[] {
  const waiting = new Set<number>();
  return page.rows.filter((row) => {
    if (!isReached(page, row.others)) waiting.add(row.partition);
    return !waiting.has(row.partition);
  });
}

function isReached(
  page: AcknowledgementPage,
  positions: readonly { partition: number; seq: bigint }[],
): boolean {
  return positions.every(({ partition, seq }) => (page.heads.get(partition) ?? 0n) >= seq);
}

function pageIsFull(page: AcknowledgementPage): boolean {
  const counts = new Map<string, number>();
  for (const row of page.rows) {
    const key = `${row.partition}/${row.retryNo > 0n}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts.values()].some((count) => count >= ACKNOWLEDGEMENTS.rowsPerPartition);
}

async function tellRow(
  opened: OpenedRequest,
  page: AcknowledgementPage,
  row: AcknowledgementRow,
  send: (message: Response) => Promise<void>,
): Promise<void> {
  const { told } = opened;
  told.total += row.itemCount;
  if (row.retryNo > 0n) told.retryNos.set(row.partition, row.retryNo);
  else told.seqs.set(row.partition, row.seq);
  const message = opened.progressMessage(page.closed?.accepted, false);
  await send({ ...message, acknowledgement: acknowledgementOf(row) });
}

function acknowledgementOf(row: AcknowledgementRow): Acknowledgement {
  return {
    partition: row.partition,
    seq: row.seq,
    itemCount: row.itemCount,
    itemIndexes: row.itemIndexes === undefined ? [] : readItemIndexes(row.itemIndexes),
    traceparent: row.traceparent ?? '',
    projectedAt: row.projectedAt && timestampFromDate(row.projectedAt),
    storedAt: row.storedAt && timestampFromDate(row.storedAt),
  };
}

/** One span a page: a child of the first row's batch, linked to the batches of the others. */
function startSpan(opened: OpenedRequest, rows: readonly AcknowledgementRow[]): Span {
  const [first, ...others] = rows;
  const links = others.map((row) => linkOfTraceparent(row.traceparent));
  const attributes = {
    'bank.submission_id': opened.submissionId,
    'bank.records': rows.length,
    'bank.items': rows.reduce((sum, row) => sum + Number(row.itemCount), 0),
  };
  return tracer('projector-svc').startSpan(
    'acknowledge',
    { attributes, links: links.filter((link): link is Link => link !== undefined) },
    contextOfTraceparent(first?.traceparent),
  );
}
