/** The requests of served-requests.ts for rebuilds and the comparison with the events. */
import { status } from '@grpc/grpc-js';
import type { ServedMethod } from '#test/support/served-requests.ts';

const unknownRebuild: ServedMethod = {
  endsWith: status.NOT_FOUND,
  request: ({ freshOperation }) => ({ rebuild_id: freshOperation }),
  values: () => ({ rebuild_id: 'no UUID' }),
};

export const REBUILDS: Readonly<Record<string, ServedMethod>> = {
  Reconcile: {
    request: ({ account }) => ({ account_ids: [account] }),
    values: ({ freshAccount }) => ({ account_ids: [freshAccount] }),
  },
  StartRebuild: { request: () => ({}) },
  GetRebuild: { request: () => ({}) },
  StopRebuild: unknownRebuild,
  SwapRebuild: {
    needsRebuild: true,
    endsWith: status.FAILED_PRECONDITION,
    request: ({ rebuild }) => ({ rebuild_id: rebuild }),
    values: ({ freshOperation }) => ({ rebuild_id: freshOperation }),
  },
  DropRebuild: unknownRebuild,
};
