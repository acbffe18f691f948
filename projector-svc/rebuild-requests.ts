/**
 * The calls of a rebuild (StartRebuild, StopRebuild, GetRebuild, SwapRebuild, DropRebuild): what
 * they take, what they answer, and how they fail.
 */
import { status } from '@grpc/grpc-js';
import { audited, type AuditLog } from '#platform/audit.ts';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import type { Logger } from '#platform/logger.ts';
import { SQL_STATE, isConnectionLost, sqlStateOf } from '#platform/postgres.ts';
import { nowMicros, timestampFromDate, timestampFromMicros } from '#platform/timestamps.ts';
import { unary, type CallContext } from '#platform/unary.ts';
import { canonicalUuid } from '#platform/uuid.ts';
import {
  RebuildState,
  type DropRebuildRequest,
  type ProjectorServiceServer,
  type Rebuild,
  type StopRebuildRequest,
  type SwapRebuildRequest,
} from '#proto/bank/v1/projector_service.ts';
import { REBUILD } from './bounds.ts';
import type { Rebuilds } from './rebuilds.ts';
import { RebuildGone } from './sql/read-rebuilt-heads.ts';
import type { RebuildRow } from './sql/read-rebuild.ts';

const STATES: Record<RebuildRow['state'], RebuildState> = {
  running: RebuildState.REBUILD_STATE_RUNNING,
  stopped: RebuildState.REBUILD_STATE_STOPPED,
  caught_up: RebuildState.REBUILD_STATE_CAUGHT_UP,
  swapped: RebuildState.REBUILD_STATE_SWAPPED,
  dropped: RebuildState.REBUILD_STATE_DROPPED,
  failed: RebuildState.REBUILD_STATE_FAILED,
};

type Named = { readonly rebuildId?: string };

type Calls = Pick<
  ProjectorServiceServer,
  'startRebuild' | 'stopRebuild' | 'getRebuild' | 'swapRebuild' | 'dropRebuild'
>;

export function rebuildCalls(rebuilds: Rebuilds, log: Logger, audit?: AuditLog): Calls {
  const answer = async (asked: Promise<RebuildRow>): Promise<{ rebuild: Rebuild }> => {
    return { rebuild: rebuildMessage(await guarded(asked)) };
  };
  const calls = <Req extends Named>(
    action: string,
    ask: (request: Req, signal: AbortSignal) => Promise<RebuildRow>,
  ) => {
    const call = async (request: Req, { signal }: CallContext): Promise<{ rebuild: Rebuild }> =>
      answer(ask(request, signal));
    const detailOf = ({ rebuildId = '' }: Req): string => rebuildId;
    return unary(log, audited(audit, action, detailOf, call));
  };
  return {
    startRebuild: calls('StartRebuild', () => rebuilds.start()),
    stopRebuild: calls('StopRebuild', async ({ rebuildId }: StopRebuildRequest) =>
      rebuilds.stop(idField(rebuildId)),
    ),
    getRebuild: unary(log, () => answer(rebuilds.get())),
    swapRebuild: calls(
      'SwapRebuild',
      async ({ rebuildId, acceptDifferences }: SwapRebuildRequest, signal) =>
        rebuilds.swap(idField(rebuildId), acceptDifferences, signal),
    ),
    dropRebuild: calls('DropRebuild', async ({ rebuildId }: DropRebuildRequest) =>
      rebuilds.drop(idField(rebuildId)),
    ),
  };
}

/** One whose replica has died is stopped. */
export function rebuildMessage(row: RebuildRow): Rebuild {
  const isActive = row.state === 'running' || row.state === 'caught_up';
  const state = isActive && !row.isAlive ? 'stopped' : row.state;
  const nowMs = Date.now();
  const rate = state === 'running' || state === 'caught_up' ? row.eventsPerSecond : 0n;
  const left = row.eventsTotal - row.events;
  const leftMs = state === 'running' && rate > 0n ? Number((left * 1000n) / rate) : undefined;
  return {
    rebuildId: row.rebuildId,
    state: STATES[state],
    events: row.events,
    eventsTotal: row.eventsTotal > row.events ? row.eventsTotal : row.events,
    eventsPerSecond: rate,
    estimatedCaughtUpAt:
      leftMs === undefined ? undefined : timestampFromDate(new Date(nowMs + leftMs)),
    startedAt: timestampFromDate(row.startedAt),
    observedAt: timestampFromMicros(nowMicros()),
    differences: row.differences,
    message: row.message,
    firstDifferences: row.firstDifferences.map((one) => ({
      ...one,
      version: BigInt(one.version),
    })),
  };
}

function idField(text: string): string {
  const rebuildId = canonicalUuid(text);
  if (rebuildId !== undefined) return rebuildId;
  throw invalidArgument([{ field: 'rebuild_id', description: 'must be a UUID in text form' }]);
}

/** What took too long for a store at work, or waited for a table that somebody holds. */
const BUSY: readonly (string | undefined)[] = [SQL_STATE.lockTimeout, SQL_STATE.queryCanceled];

/** A store that is away or busy is to be asked again. */
async function guarded(asked: Promise<RebuildRow>): Promise<RebuildRow> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof RebuildGone) {
      throw refusal(
        status.FAILED_PRECONDITION,
        'REBUILD_NOT_CAUGHT_UP',
        'the tables of the rebuild are not there: it was dropped',
        { cause: error },
      );
    }
    if (!BUSY.includes(sqlStateOf(error)) && !isConnectionLost(error)) throw error;
    throw refusal(
      status.UNAVAILABLE,
      'PROJECTION_UNAVAILABLE',
      'a database does not answer in time, or somebody holds a table of it',
      { retryAfterMs: REBUILD.retryAfterMs, cause: error },
    );
  }
}
