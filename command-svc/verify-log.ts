/**
 * Verification, second step: the log, read once for a whole window, after the table, so that it
 * holds all that the table has. From its rows the chain of each account is computed again and held
 * against the table's. What differs is a suspect; what the table has newer events of is left alone.
 */
import { partitionOfAccount } from '#platform/partitioning.ts';
import { uuidFromBytes } from '#platform/uuid.ts';
import { VERIFY } from './bounds.ts';
import { NO_HASH } from './event-chain.ts';
import { readEventHashes } from './sql/read-event-hashes.ts';
import { readLastVersions } from './sql/read-last-versions.ts';
import { hashAfter, type LogEvent } from './stored-event.ts';
import { openLog, type OpenLog, type PartitionLog } from './verify-log-rows.ts';
import type { Finding } from './verify-findings.ts';
import type { VerifySource } from './verify-source.ts';
import type { AccountWindow } from './verify-window.ts';

export type LogReading = { readonly log: OpenLog; readonly findings: readonly Finding[] };

/** `named`: the window's accounts are these only; other partitions are not read. */
export async function readLog(
  source: VerifySource,
  window: AccountWindow,
  named: readonly string[] | undefined,
): Promise<LogReading> {
  const log = await openLog(source);
  const { partitionCount } = source.ledger;
  const wanted =
    named && new Set(named.map((accountId) => partitionOfAccount(accountId, partitionCount)));
  const findings: Finding[] = [...log.findings];
  for (const partition of log.partitions) {
    if (wanted?.has(partition.number) === false) continue;
    const comparison = new LogComparison(source, window, partition);
    const pages = partition.pages(0n, named, (finding) => {
      if (findings.length < VERIFY.differencesMax) findings.push(finding);
    });
    for await (const events of pages) await comparison.add(events);
  }
  await compareEnds(source, window, log);
  return { log, findings };
}

class LogComparison {
  readonly #source: VerifySource;
  readonly #window: AccountWindow;
  readonly #partition: PartitionLog;

  constructor(source: VerifySource, window: AccountWindow, partition: PartitionLog) {
    this.#source = source;
    this.#window = window;
    this.#partition = partition;
  }

  async add(events: readonly LogEvent[]): Promise<void> {
    const window = this.#window;
    if (this.#partition.archived > 0n) await this.#takeArchivedEnds(events);
    const strangers = new Set<string>();
    for (const event of events) {
      const index = window.indexOf(event.accountBytes, 0);
      if (index < 0) strangers.add(uuidFromBytes(event.accountBytes));
      else this.#compare(index, event);
    }
    await this.#lookForGone([...strangers].filter((id) => window.covers(id)));
  }

  #compare(index: number, event: LogEvent): void {
    const { tableVersion, tableHash, logVersion, logHash, suspects } = this.#window;
    const version = Number(event.version);
    const isNext = version === (logVersion[index] ?? 0) + 1;
    if (!isNext) suspects.add(index);
    logVersion[index] = version;
    const known = tableVersion[index] ?? 0;
    if (version > known) return;
    const hash = hashAfter(logHash[index] ?? NO_HASH, event);
    logHash[index] = hash;
    if (version === known && hash !== tableHash[index]) suspects.add(index);
  }

  /** Where an account's first events are in the archive, its chain goes on from the table's. */
  async #takeArchivedEnds(events: readonly LogEvent[]): Promise<void> {
    const { logVersion, logHash } = this.#window;
    const ends = new Map<string, bigint>();
    const indexes = new Map<string, number>();
    for (const { accountBytes, version } of events) {
      const index = this.#window.indexOf(accountBytes, 0);
      if (index < 0 || logVersion[index] !== 0 || version === 1n) continue;
      const accountId = uuidFromBytes(accountBytes);
      if (ends.has(accountId)) continue;
      ends.set(accountId, version - 1n);
      indexes.set(accountId, index);
    }
    const hashes = await readEventHashes(this.#source.db, ends);
    for (const [accountId, index] of indexes) {
      logVersion[index] = Number(ends.get(accountId) ?? 0n);
      logHash[index] = hashes.get(accountId) ?? NO_HASH;
    }
  }

  /** An account that the table does not have was opened meanwhile, or all of it was removed. */
  async #lookForGone(accountIds: readonly string[]): Promise<void> {
    const there = await readLastVersions(this.#source.db, accountIds);
    const { gone } = this.#window;
    for (const accountId of accountIds) {
      if (!there.has(accountId) && gone.size < VERIFY.goneAccountsMax) gone.add(accountId);
    }
  }
}

async function compareEnds(
  { db, ledger }: VerifySource,
  window: AccountWindow,
  log: OpenLog,
): Promise<void> {
  const { tableVersion, logVersion, suspects } = window;
  let ahead: number[] = [];
  const settleAhead = async (): Promise<void> => {
    const indexes = ahead;
    ahead = [];
    const ids = indexes.map((index) => window.idAt(index));
    const versions = await readLastVersions(db, ids);
    indexes.forEach((index, at) => {
      const now = Number(versions.get(ids[at] ?? '') ?? 0n);
      if (now < (logVersion[index] ?? 0)) suspects.add(index);
    });
  };
  for (let index = 0; index < window.size; index++) {
    const inLog = logVersion[index] ?? 0;
    const inTable = tableVersion[index] ?? 0;
    if (inLog > inTable) ahead.push(index);
    if (ahead.length >= VERIFY.pageEventsMax) await settleAhead();
    if (inLog >= inTable) continue;
    const partition = partitionOfAccount(window.idAt(index), ledger.partitionCount);
    const isInArchive = inLog === 0 && log.of(partition).archived > 0n;
    if (!isInArchive) suspects.add(index);
  }
  await settleAhead();
}
