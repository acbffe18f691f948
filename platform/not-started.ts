/**
 * Services whose process listens but waits for its parts: every method answers UNAVAILABLE, with
 * the reason and a time to come back, never UNIMPLEMENTED, which callers take as final.
 */
import { status } from '@grpc/grpc-js';
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import { refusal } from './grpc-errors.ts';
import { refusingAll } from './unimplemented.ts';

export type Starting = {
  readonly services: readonly ServiceDefinition[];
  /** UPPER_SNAKE, and a sentence: for whom the service waits. */
  readonly reason: string;
  readonly message: string;
};

const RETRY_AFTER_MS = 1_000;

export function notStarted(
  definition: ServiceDefinition,
  { reason, message }: Pick<Starting, 'reason' | 'message'>,
): UntypedServiceImplementation {
  const options = { retryAfterMs: RETRY_AFTER_MS };
  return refusingAll(definition, () => refusal(status.UNAVAILABLE, reason, message, options));
}
