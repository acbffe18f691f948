/** What callers are told by a replica that is shutting down. */
import { RETRY_AFTER_MS } from './bounds.ts';
import { status } from '@grpc/grpc-js';
import { refusal, type RpcError } from '#platform/grpc-errors.ts';

/** `then`: what the caller can count on, or do. */
export function shuttingDown(then: string, retryAfterMs = RETRY_AFTER_MS): RpcError {
  const message = `this replica is shutting down: ${then}`;
  return refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', message, { retryAfterMs });
}
