/** What callers are told whom a server's limits refuse, and the count of them. */
import { status } from '@grpc/grpc-js';
import { RpcError, refusal } from './grpc-errors.ts';
import type { ServerLimits } from './server-limits.ts';
import { counter } from './telemetry.ts';

export const RETRY_AFTER_MS = 1_000;

const refused = counter(
  'bank.server.refused',
  'What a server refused by one of its limits.',
  '{call}',
  ['limit'],
);

export function countRefused(limit: string): void {
  refused.add(1, { limit });
}

export function tooManyCalls({ callsMax }: ServerLimits): RpcError {
  return queueFull(`this replica has ${callsMax} calls in hand: nothing was done`);
}

export function tooManyOpen({ openRequestsMax }: ServerLimits): RpcError {
  return queueFull(`more than ${openRequestsMax} requests are on their way; this was the oldest`);
}

function queueFull(message: string): RpcError {
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return refusal(status.RESOURCE_EXHAUSTED, 'QUEUE_FULL', message, options);
}

export function stopping(): RpcError {
  const options = { retryAfterMs: RETRY_AFTER_MS };
  const message = 'this replica is shutting down: nothing was done';
  return refusal(status.UNAVAILABLE, 'SHUTTING_DOWN', message, options);
}

export function notWhole({ requestMs }: ServerLimits): RpcError {
  const message = `the request did not come whole within ${requestMs} ms`;
  return refusal(status.DEADLINE_EXCEEDED, 'STREAM_IDLE', message);
}

export function tooMuchMetadata({ metadataBytesMax }: ServerLimits): RpcError {
  const message = `metadata: must have ${metadataBytesMax} bytes or fewer`;
  return new RpcError(status.RESOURCE_EXHAUSTED, message);
}

export function deadlinePassed(deadlineMs: number): RpcError {
  const message = `the call set no deadline, and the default of ${deadlineMs} ms has passed`;
  return new RpcError(status.DEADLINE_EXCEEDED, message);
}
