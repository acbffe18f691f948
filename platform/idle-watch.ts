/**
 * Whether a stream's caller does its part: one that neither sends nor reads anything for too long
 * is given up with STREAM_IDLE. Whoever uses it says each time that something has come or gone.
 */
import { status } from '@grpc/grpc-js';
import { refusal } from './grpc-errors.ts';

export type IdleWatch = {
  /** Aborts with STREAM_IDLE. */
  readonly signal: AbortSignal;
  touch(): void;
  stop(): void;
};

export function watchIdle(idleMs: number): IdleWatch {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    const message = `nothing came and nothing was read for ${idleMs} ms`;
    controller.abort(refusal(status.DEADLINE_EXCEEDED, 'STREAM_IDLE', message));
  }, idleMs);
  timer.unref();
  return {
    signal: controller.signal,
    touch: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
}
