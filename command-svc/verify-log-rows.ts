/**
 * The log as verification reads it: each partition from behind its archive up to where its head was
 * when the log was opened, page by page, as events. A position that is missing, or a row that
 * cannot be read, is a finding, and the rest is read all the same.
 */
import { isConnectionLost } from '#platform/postgres.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { VerifyFindingKind } from '#proto/bank/v1/event_log_service.ts';
import { VERIFY } from './bounds.ts';
import { logReplaced } from './feed-request.ts';
import { LogRecord } from './log-record.ts';
import { openLogRow, UnreadableRowError } from './log-row.ts';
import { copyLog, type LogPage } from './sql/copy-log.ts';
import { readLogBounds, type LogBounds } from './sql/read-log-bounds.ts';
import type { LogRow } from './sql/read-log-rows.ts';
import type { LogEvent } from './stored-event.ts';
import { logFinding, type Finding } from './verify-findings.ts';
import type { VerifySource } from './verify-source.ts';

export type OpenLog = {
  readonly partitions: readonly PartitionLog[];
  /** What is wrong with the log before a row of it is read. */
  readonly findings: readonly Finding[];
  of(partition: number): PartitionLog;
};

export async function openLog(source: VerifySource): Promise<OpenLog> {
  const { logId, partitions: bounds } = await readLogBounds(source.db);
  const { ledger } = source;
  if (logId !== ledger.logId) throw logReplaced(`the log is ${logId} now, it was ${ledger.logId}`);
  const partitions = bounds.map(
    ({ partition, head, archived }) => new PartitionLog(source, partition, head, archived),
  );
  return {
    partitions,
    findings: bounds.filter(({ bothPlaces }) => bothPlaces).map(notArchived),
    of(partition) {
      const found = partitions[partition];
      if (found === undefined) throw new RangeError(`there is no partition ${partition}`);
      return found;
    },
  };
}

/** Whoever says of rows that they are archived keeps them from being looked at. */
function notArchived({ partition, archived }: LogBounds): Finding {
  const message =
    `partition ${partition}: positions up to ${archived} are told to be in the archive, ` +
    'and some of them stand in the log: they are not looked at before the rest is back, too';
  return logFinding(VerifyFindingKind.VERIFY_FINDING_KIND_INSERTED, message);
}

export class PartitionLog {
  readonly number: number;
  readonly head: bigint;
  /** Grows when somebody archives meanwhile. */
  archived: bigint;
  readonly #source: VerifySource;
  readonly #record = new LogRecord();

  constructor(source: VerifySource, number: number, head: bigint, archived: bigint) {
    this.#source = source;
    this.number = number;
    this.head = head;
    this.archived = archived;
  }

  /** Events of the positions after `after`; of some accounts, only those of rows that name them. */
  async *pages(
    after: bigint,
    accountIds: readonly string[] | undefined,
    found: (finding: Finding) => void,
  ): AsyncGenerator<LogEvent[], void, void> {
    let at = after > this.archived ? after : this.archived;
    while (at < this.head) {
      const page = await this.#read(at, accountIds);
      if (accountIds === undefined) await this.#checkDense(at, page, found);
      const events: LogEvent[] = [];
      for (const row of page.rows) this.#open(row, events, found);
      yield events;
      at = page.until;
      await this.#source.onPage(0);
    }
  }

  #read(after: bigint, accountIds: readonly string[] | undefined): Promise<LogPage> {
    const { db, signal } = this.#source;
    const options = { ...VERIFY.readRetry, signal, retriable: isConnectionLost };
    return retryWithBackoff(options, () =>
      copyLog(db, this.number, after, this.head, accountIds, VERIFY.logPage),
    );
  }

  async #checkDense(
    after: bigint,
    { rows, until }: LogPage,
    found: (finding: Finding) => void,
  ): Promise<void> {
    const gaps: [bigint, bigint][] = [];
    let next = after + 1n;
    for (const seq of [...rows.map((row) => row.seq), until + 1n]) {
      if (seq > next) gaps.push([next, seq - 1n]);
      next = seq + 1n;
    }
    if (gaps.length === 0) return;
    const { partitions } = await readLogBounds(this.#source.db);
    this.archived = partitions[this.number]?.archived ?? this.archived;
    for (const [first, last] of gaps) {
      if (last <= this.archived) continue;
      const where = first === last ? `position ${first} is` : `positions ${first} to ${last} are`;
      const message = `partition ${this.number}: ${where} missing in the log`;
      found(logFinding(VerifyFindingKind.VERIFY_FINDING_KIND_MISSING, message));
    }
  }

  #open(row: LogRow, events: LogEvent[], found: (finding: Finding) => void): void {
    try {
      const opened = openLogRow(row);
      for (const span of opened.events) {
        this.#record.read(opened, span);
        events.push(eventOf(row, this.#record));
      }
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      found(logFinding(VerifyFindingKind.VERIFY_FINDING_KIND_CHANGED, error.message));
    }
  }
}

function eventOf({ partition, seq, payload }: LogRow, record: LogRecord): LogEvent {
  const { accountAt, version, type, recordedAtMicros, operationAt, eventAt, eventEnd } = record;
  return {
    partition,
    seq,
    accountBytes: payload.subarray(accountAt, accountAt + 16),
    version: BigInt(version),
    type,
    recordedAtMicros: BigInt(recordedAtMicros),
    operationId: operationAt < 0 ? undefined : uuidFromBytes(payload, operationAt),
    source: payload,
    start: eventAt,
    end: eventEnd,
  };
}
