// What a handler knows of its call besides the request: a signal that aborts when the caller
// cancels, goes away or its deadline passes (with an RpcError as the reason, so that it can be
// thrown as it is), the deadline, the metadata and the caller's trace. Used by unary.ts and by the
// handlers of streams.
import { status } from '@grpc/grpc-js';
import type { Metadata } from '@grpc/grpc-js';
import { callerOf, type Caller } from './caller.ts';
import { RpcError } from './grpc-errors.ts';

/**
 * A caller whose deadline passes cancels by its own clock, which is a trip ahead of ours, and a
 * timer may fire a millisecond early: so close to the deadline it is the deadline.
 */
const DEADLINE_SLACK_MS = 20;

export type CallContext = {
  signal: AbortSignal;
  /** On the clock of performance.now(), which never jumps; undefined: the caller has set none. */
  deadlineAtMs: number | undefined;
  metadata: Metadata;
  traceparent: string | undefined;
  caller: Caller;
};

/** What the calls of all four kinds have in common. */
export type AnyCall = {
  readonly metadata: Metadata;
  readonly cancelled: boolean;
  getDeadline(): Date | number;
  on(event: 'cancelled', listener: () => void): unknown;
  off(event: 'cancelled', listener: () => void): unknown;
};

/** close() must be called when the call has ended: it takes the listener away. */
export function openCallContext(call: AnyCall): CallContext & { close: () => void } {
  const controller = new AbortController();
  const deadlineAtMs = deadlineOf(call);
  // grpc-js watches the deadline itself, and emits 'cancelled' for it too.
  const onCancelled = (): void => controller.abort(cancellation(deadlineAtMs));
  call.on('cancelled', onCancelled);
  if (call.cancelled) onCancelled();
  return {
    signal: controller.signal,
    deadlineAtMs,
    metadata: call.metadata,
    traceparent: traceparentIn(call.metadata),
    caller: callerOf(call.metadata),
    close: () => call.off('cancelled', onCancelled),
  };
}

export function traceparentIn(metadata: Metadata): string | undefined {
  const [text] = metadata.get('traceparent');
  return typeof text === 'string' ? text : undefined;
}

/** Asked when the call has just come: its caller's deadline is by the wall clock, ours is not. */
export function deadlineOf(call: Pick<AnyCall, 'getDeadline'>): number | undefined {
  const leftMs = Number(call.getDeadline()) - Date.now();
  return Number.isFinite(leftMs) ? performance.now() + leftMs : undefined;
}

function cancellation(deadlineAtMs: number | undefined): RpcError {
  return deadlineAtMs !== undefined && performance.now() + DEADLINE_SLACK_MS >= deadlineAtMs
    ? new RpcError(status.DEADLINE_EXCEEDED, 'the deadline has passed')
    : new RpcError(status.CANCELLED, 'the caller has cancelled the call');
}
