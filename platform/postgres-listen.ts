/**
 * Hears the notices of one channel (LISTEN) on a connection of its own. A lost connection is made
 * again, with growing pauses and no end to the tries; what was said meanwhile is not told, so
 * onListening is called whenever it begins to listen: whoever waits for something looks for itself.
 */
import pg from 'pg';
import type { Logger } from './logger.ts';
import { postgresConnection } from './postgres-connection.ts';
import { backoffMs, sleep } from './waiting.ts';

const CONNECT_TIMEOUT_MS = 5000;
const QUERY_TIMEOUT_MS = 5000;
const KEEP_ALIVE_DELAY_MS = 10_000;
const RECONNECT = { firstMs: 50, maxMs: 2000 } as const;

export type ListenOptions = {
  url: string;
  applicationName: string;
  /** A lower-case identifier. */
  channel: string;
  log: Logger;
  onNotice: (payload: string) => void;
  onListening: () => void;
};

export type Listener = { close(): Promise<void> };

export function listen(options: ListenOptions): Listener {
  const closing = new AbortController();
  const ended = listenUntilClosed(options, closing.signal);
  return {
    close: () => {
      closing.abort();
      return ended;
    },
  };
}

async function listenUntilClosed(options: ListenOptions, closing: AbortSignal): Promise<void> {
  const { channel, log } = options;
  for (let failures = 0; !closing.aborted;) {
    try {
      await listenOnce(options, closing, () => (failures = 0));
    } catch (error) {
      if (closing.aborted) return;
      failures++;
      log.warn('Not listening; trying again.', { channel, err: error });
      await sleep(backoffMs(RECONNECT, failures), closing).catch(ignoreClosing);
    }
  }
}

/** Resolves when closing, rejects when the connection is lost. */
async function listenOnce(
  { url, applicationName, channel, onNotice, onListening }: ListenOptions,
  closing: AbortSignal,
  onConnected: () => void,
): Promise<void> {
  const client = new pg.Client({
    ...postgresConnection(url),
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
  });
  const over = new Promise<void>((resolve, reject) => {
    client.on('error', reject);
    client.on('end', () => reject(new Error('the listening connection has ended')));
    closing.addEventListener('abort', () => resolve(), { once: true });
  });
  over.catch(ignoreClosing);
  try {
    client.on('notification', ({ payload }) => onNotice(payload ?? ''));
    await client.connect();
    await client.query(`listen ${channel}`);
    onConnected();
    onListening();
    await over;
  } finally {
    await client.end().catch(ignoreClosing);
  }
}

/** The loss itself is reported where `over` is awaited; closing needs no report. */
function ignoreClosing(): void {}
