/** The calls of a rebuild as tests make them, on one replica. */
import { credentials } from '@grpc/grpc-js';
import { callFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import {
  ProjectorServiceClient,
  RebuildState,
  rebuildStateToJSON,
  type Rebuild,
} from '#proto/bank/v1/projector_service.ts';
import { until } from '#test/support/until.ts';

export type RebuildCalls = {
  readonly start: () => Promise<Rebuild>;
  readonly stop: (rebuildId: string) => Promise<Rebuild>;
  readonly get: () => Promise<Rebuild>;
  readonly swap: (rebuildId: string, acceptDifferences?: boolean) => Promise<Rebuild>;
  readonly drop: (rebuildId: string) => Promise<Rebuild>;
  /** Waits until the rebuild is in this state; fails at once when it has failed instead. */
  readonly reaches: (state: RebuildState) => Promise<Rebuild>;
  /** Starts one and waits until it has caught up. */
  readonly caughtUp: () => Promise<Rebuild>;
  readonly close: () => void;
};

const SWAP_MS = 30_000;

export function rebuildCalls(address: string): RebuildCalls {
  const client = new ProjectorServiceClient(address, credentials.createInsecure());
  const rebuildOf = async (asked: Promise<{ rebuild: Rebuild | undefined }>): Promise<Rebuild> => {
    const { rebuild } = await asked;
    if (rebuild === undefined) throw new Error('an answer without a rebuild');
    return rebuild;
  };
  const get = () => rebuildOf(unaryCall(client.getRebuild.bind(client), {}));
  const start = () => rebuildOf(unaryCall(client.startRebuild.bind(client), {}));
  const reaches = (state: RebuildState): Promise<Rebuild> => {
    let seen = '';
    const look = async (): Promise<Rebuild | false> => {
      const rebuild = await get();
      seen = `${rebuildStateToJSON(rebuild.state)} ${rebuild.message}`;
      if (rebuild.state === RebuildState.REBUILD_STATE_FAILED && state !== rebuild.state) {
        throw new Error(`the rebuild has failed: ${rebuild.message}`);
      }
      return rebuild.state === state && rebuild;
    };
    return until(`a rebuild ${rebuildStateToJSON(state)}`, look, { detail: () => seen });
  };
  return {
    start,
    get,
    stop: (rebuildId) => rebuildOf(unaryCall(client.stopRebuild.bind(client), { rebuildId })),
    swap: (rebuildId, acceptDifferences = false) => {
      const request = { rebuildId, acceptDifferences };
      const options = { deadlineMs: SWAP_MS };
      return rebuildOf(unaryCall(client.swapRebuild.bind(client), request, options));
    },
    drop: (rebuildId) => rebuildOf(unaryCall(client.dropRebuild.bind(client), { rebuildId })),
    reaches,
    async caughtUp() {
      await start();
      return await reaches(RebuildState.REBUILD_STATE_CAUGHT_UP);
    },
    close: () => client.close(),
  };
}

/** How a call has failed: its reason and what it says; OK when it did not. */
export async function faultOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { reason, message } = callFault(error);
    return `${reason} ${message}`;
  }
  return 'OK';
}
