/** A database that cannot be reached is UNAVAILABLE for the caller, who may come back. */
import { status } from '@grpc/grpc-js';
import { refusal } from '#platform/grpc-errors.ts';
import { isConnectionLost } from '#platform/postgres.ts';
import { ACKNOWLEDGEMENTS } from './config.ts';

export async function unlessLost<T>(reason: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isConnectionLost(error)) throw error;
    throw refusal(status.UNAVAILABLE, reason, 'a database cannot be reached', {
      retryAfterMs: ACKNOWLEDGEMENTS.retryAfterMs,
      cause: error,
    });
  }
}
