/**
 * Waits until a tool's call has somebody to go to, before its first: a service that is not started
 * is told at once by the option that names it, not after a stream's many tries.
 */
import type { Client } from '@grpc/grpc-js';

const CONNECT_MS = 5000;

/** `option`: the one that says where it is. */
export function awaitService(
  client: Client,
  addresses: readonly string[],
  option: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + CONNECT_MS, (error) => {
      if (error === undefined) return resolve();
      const message = `nothing answers on ${addresses.join(', ')}: is it started, or elsewhere`;
      reject(new Error(`${message} (${option})? Does it ask for TLS (BANK_CLIENT_*)?`));
    });
  });
}
