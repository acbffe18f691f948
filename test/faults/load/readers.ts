/**
 * Those who read while faults strike: accounts at a version that was acknowledged (read your
 * writes), operations that were acknowledged, the event feed from the beginning, totals of the bank
 * over closed versions; and one who takes and leaves leases of bulk mode.
 */
import { followEvents } from '#client/event-feed.ts';
import { callFault, describeFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import { AccountStatus, type Account } from '#proto/bank/v1/account.ts';
import type { GetAccountRequest } from '#proto/bank/v1/account_query_service.ts';
import type { StartBulkModeRequest } from '#proto/bank/v1/bulk_mode_service.ts';
import { projectedTotal } from '#test/support/bank-reads.ts';
import { placeOf, type Versions } from '#test/support/closed-versions.ts';
import { findOperation } from '#test/support/command-calls.ts';
import type { AccountState, CommandTry } from '../history/history.ts';
import { STREAM_RETRY } from './followed.ts';
import { inVain, loop, randomOf, type LoadContext } from './load.ts';

const READ_PAUSE_MS = 60;
const READ_MS = 8_000;
const TOTAL_PAUSE_MS = 500;
const BULK_MODE_PAUSE_MS = 7_000;
const LOOKUPS_PER_CENT = 30;
const RECENT = 40;

export async function readAccounts(context: LoadContext, seed: number): Promise<void> {
  const { mesh, record } = context;
  const random = randomOf(seed, 200);
  await loop(context, READ_PAUSE_MS, async () => {
    const recent = record.tries.slice(-RECENT).filter(({ answer }) => answer.kind === 'accepted');
    if (recent.length === 0) return;
    const one = random.pick(recent);
    try {
      await (random.below(100) < LOOKUPS_PER_CENT ? lookUp(context, one) : read(context, one));
    } catch (error) {
      const { code, reason } = callFault(error);
      inVain(record, `read: ${reason === '' ? code : reason}`);
    }
  });

  async function read({ record }: LoadContext, { accountId, answer }: CommandTry): Promise<void> {
    if (answer.kind !== 'accepted') return;
    const minVersion = answer.version;
    const request: GetAccountRequest = { accountId, minVersion };
    const method = mesh.client.queries.getAccount.bind(mesh.client.queries);
    const { account } = await unaryCall(method, request, { deadlineMs: READ_MS });
    if (account === undefined) throw new Error('an answer without an account');
    const { asOfVersion: version } = account;
    record.reads.push({ accountId, minVersion, version, state: stateOf(account) });
  }

  async function lookUp({ record }: LoadContext, one: CommandTry): Promise<void> {
    const { accountId, operationId, answer } = one;
    if (answer.kind !== 'accepted') return;
    const told = { operationId, toldVersion: answer.version };
    try {
      const { receipt } = await findOperation(
        { commands: mesh.client.accounts },
        accountId,
        operationId,
      );
      record.lookups.push({ ...told, found: { version: receipt?.version ?? 0n } });
    } catch (error) {
      const { reason } = callFault(error);
      if (reason !== 'OPERATION_NOT_FOUND') throw error;
      record.lookups.push({ ...told, found: { reason } });
    }
  }
}

function stateOf(account: Account): AccountState {
  return {
    balanceMinor: account.balance?.minorUnits ?? 0n,
    heldMinor: account.held?.minorUnits ?? 0n,
    limitMinor: account.overdraftLimit?.minorUnits ?? 0n,
    debitsFrozen: account.debitsFrozen,
    creditsFrozen: account.creditsFrozen,
    isClosed: account.status === AccountStatus.ACCOUNT_STATUS_CLOSED,
  };
}

/** Until `signal` is aborted, which is after the run: the feed must bring all of it. */
export async function readFeed({ mesh, record }: LoadContext, signal: AbortSignal): Promise<void> {
  const retry = { ...STREAM_RETRY, attemptsTotal: Number.POSITIVE_INFINITY };
  const onBreak = (): void => inVain(record, 'event feed cut');
  try {
    for await (const { events } of followEvents(mesh.client.eventLog, { signal, retry, onBreak })) {
      for (const event of events) {
        const partition = event.position?.partition ?? -1;
        const told = record.feed.get(partition) ?? [];
        told.push(placeOf(event));
        record.feed.set(partition, told);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** What readers can add up while money moves; a look that the store cuts short is none. */
export async function addUpTotals(
  context: LoadContext,
  accounts: readonly string[],
  start: Versions,
): Promise<void> {
  let closed = start;
  await loop(context, TOTAL_PAUSE_MS, async () => {
    try {
      const found = await projectedTotal(context.mesh.stores, accounts, closed);
      closed = found.versions;
      context.record.totals.push({ atMs: performance.now(), totalMinor: found.totalMinor });
    } catch {
      inVain(context.record, 'total added up');
    }
  });
}

export async function changeBulkMode(context: LoadContext): Promise<void> {
  const { bulkMode } = context.mesh.client;
  await loop(context, BULK_MODE_PAUSE_MS, async () => {
    try {
      const ttl = { seconds: 5n, nanos: 0 };
      const request: StartBulkModeRequest = { holder: 'fault suite', reason: 'load', ttl };
      const { lease } = await unaryCall(bulkMode.startBulkMode.bind(bulkMode), request);
      const leaseId = lease?.leaseId ?? '';
      await unaryCall(bulkMode.renewBulkMode.bind(bulkMode), { leaseId, ttl });
      await unaryCall(bulkMode.endBulkMode.bind(bulkMode), { leaseId });
    } catch (error) {
      inVain(context.record, `bulk mode: ${describeFault(callFault(error)).split(':')[0]}`);
    }
  });
}
