/**
 * Verification, third step, for suspects only: one account event by event, the table beside the
 * log, both in the order of their versions. Only what differs is kept, so an account may be of any
 * length.
 */
import { createHash } from 'node:crypto';
import { partitionOfAccount } from '#platform/partitioning.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { VerifyFindingKind } from '#proto/bank/v1/event_log_service.ts';
import { VERIFY } from './bounds.ts';
import { NO_HASH } from './event-chain.ts';
import { hashAfter, isSameEvent, type LogEvent, type TableEvent } from './stored-event.ts';
import { findingsOf, type Difference, type Finding, type Side } from './verify-findings.ts';
import { openLog, type PartitionLog } from './verify-log-rows.ts';
import type { VerifySource } from './verify-source.ts';
import { eventPages } from './verify-table.ts';

export async function examineAccount(source: VerifySource, accountId: string): Promise<Finding[]> {
  const number = partitionOfAccount(accountId, source.ledger.partitionCount);
  const partition = (await openLog(source)).of(number);
  const table = events(eventPages(source, { accountId, version: 0n }, accountId));
  const log = events(eventsOf(accountId, partition, 0n));
  const { differences, last, isCut } = await compare(table, log, partition.archived > 0n);
  const settled = await withoutNewer(source, accountId, partition, differences, last);
  const findings = findingsOf(accountId, settled);
  return isCut ? [...findings, more(accountId, settled.at(-1)?.version ?? 0n)] : findings;
}

/** What stands behind an event that is gone with its hash: taken as it is. */
const UNKNOWN = 'unknown';

type Compared = { differences: Difference[]; last: bigint; isCut: boolean };

/** `last`: the newest version in the log. */
async function compare(
  table: AsyncGenerator<TableEvent, void, void>,
  log: AsyncGenerator<LogEvent, void, void>,
  hasArchive: boolean,
): Promise<Compared> {
  const differences: Difference[] = [];
  let [t, l] = [await nextOf(table), await nextOf(log)];
  let hashes = { table: NO_HASH, log: NO_HASH };
  let last = 0n;
  let before = 0n;
  while ((t !== undefined || l !== undefined) && differences.length < VERIFY.differencesMax) {
    const isTable = t !== undefined && (l === undefined || t.version <= l.version);
    const isLog = l !== undefined && (t === undefined || l.version <= t.version);
    const isArchived = hasArchive && last === 0n && !isLog;
    const version = (isTable ? t?.version : l?.version) ?? 0n;
    if (hasArchive && last === 0n && version > before + 1n) {
      differences.push(goneInArchive(before + 1n));
      hashes = { table: UNKNOWN, log: UNKNOWN };
    }
    before = version;
    const pair = { table: isTable ? t : undefined, log: isLog ? l : undefined, isArchived };
    const looked = lookAt(pair, hashes);
    if (looked.difference !== undefined) differences.push(looked.difference);
    hashes = looked.hashes;
    if (isTable) t = await nextOf(table);
    if (isLog) {
      last = l?.version ?? last;
      l = await nextOf(log);
    }
  }
  return { differences, last, isCut: t !== undefined || l !== undefined };
}

type Pair = { table: TableEvent | undefined; log: LogEvent | undefined; isArchived: boolean };
type Hashes = { readonly table: string; readonly log: string };

/** Both events of one version, and the hashes before it as the table has them and as it must be. */
function lookAt(
  { table, log, isArchived }: Pair,
  before: Hashes,
): { difference?: Difference; hashes: Hashes } {
  const isLinked = table !== undefined && isNextOf(before.table, table);
  const due = log && (before.log === UNKNOWN ? table?.hash : hashAfter(before.log, log));
  const isSame = table !== undefined && log !== undefined && isSameEvent(table, log);
  // Behind what differs with a whole chain, the chain that is there is the one to go on with.
  const goesOn = isLinked || (table !== undefined && isArchived) ? table.hash : undefined;
  const hashes = {
    table: table?.hash ?? due ?? before.table,
    log: goesOn ?? due ?? before.log,
  };
  const isFine = isArchived ? isLinked : isSame && table?.hash === due;
  const version = table?.version ?? log?.version;
  if (isFine || version === undefined) return { hashes };
  const sides = {
    table: table && { ...sideOf(table), isLinked },
    log: log && { ...sideOf(log), where: `the log (partition ${log.partition}, ${log.seq})` },
  };
  return { hashes, difference: { version, ...sides, isArchived, isSame } };
}

function isNextOf(before: string, table: TableEvent): boolean {
  return before === UNKNOWN || hashAfter(before, table) === table.hash;
}

function goneInArchive(version: bigint): Difference {
  return { version, table: undefined, log: undefined, isArchived: true, isSame: false };
}

/** Events at the table's end that were stored after the log was opened are no difference. */
async function withoutNewer(
  source: VerifySource,
  accountId: string,
  partition: PartitionLog,
  differences: readonly Difference[],
  last: bigint,
): Promise<readonly Difference[]> {
  const isNewer = ({ version, table, log }: Difference): boolean =>
    table !== undefined && log === undefined && version > last;
  if (!differences.some(isNewer)) return differences;
  const now = (await openLog(source)).of(partition.number);
  const stored = new Set<bigint>();
  for await (const event of events(eventsOf(accountId, now, partition.head))) {
    stored.add(event.version);
  }
  return differences.filter((one) => !isNewer(one) || !stored.has(one.version));
}

async function* eventsOf(
  accountId: string,
  partition: PartitionLog,
  after: bigint,
): AsyncGenerator<LogEvent[], void, void> {
  const id = uuidToBytes(accountId);
  for await (const page of partition.pages(after, [accountId], () => undefined)) {
    yield page.filter(({ accountBytes }) => Buffer.compare(accountBytes, id) === 0);
  }
}

async function* events<Event>(pages: AsyncGenerator<Event[]>): AsyncGenerator<Event, void, void> {
  for await (const page of pages) yield* page;
}

async function nextOf<Event>(
  source: AsyncGenerator<Event, void, void>,
): Promise<Event | undefined> {
  const next = await source.next();
  return next.done === true ? undefined : next.value;
}

function sideOf({ source, start, end }: TableEvent | LogEvent): Side {
  const payloadKey = createHash('sha256').update(source.subarray(start, end)).digest('base64');
  return { payloadKey };
}

function more(accountId: string, version: bigint): Finding {
  const kind = VerifyFindingKind.VERIFY_FINDING_KIND_CHANGED;
  return { kind, accountId, version, message: 'more of its events differ behind this one' };
}
