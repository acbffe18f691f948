/** What callers are told by a replica that is shutting down. */
import { status } from '@grpc/grpc-js';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';

/** `then`: what the caller can count on, or do. */
export function shuttingDown(then: string, retryAfterMs = RETRY_AFTER_MS): RpcError {
  const message = `this replica is shutting down: ${then}`;
  return refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', message, { retryAfterMs });
}

const RETRY_AFTER_MS = 1_000;
