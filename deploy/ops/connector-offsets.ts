/**
 * What Kafka Connect knows of where the outbox connector was: offsets of a server that is no more
 * would have it wait for a place that the restored one reaches much later. The connector is stopped
 * for it, and started again by resume().
 */
import { readFile } from 'node:fs/promises';
import { callHttp } from '#platform/http-call.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { z } from 'zod';

const FILE = new URL('../connect/outbox.json', import.meta.url);
const TIMEOUT_MS = 30_000;
/** Connect refuses while the connector is on its way to a stop. */
const RETRY = { firstMs: 200, maxMs: 2000, attempts: 30 } as const;

/** Answers how to start the connector again. */
export async function forgetOffsets(connectUrl: string): Promise<{ resume: () => Promise<void> }> {
  const content: unknown = JSON.parse(await readFile(FILE, 'utf8'));
  const { name } = z.object({ name: z.string() }).parse(content);
  const retriable = (error: unknown): boolean =>
    !(error instanceof ConnectRefused) || error.status === 409 || error.status >= 500;
  const call = (method: string, path: string): Promise<void> => {
    const asked = `/connectors/${name}/${path}`;
    return retryWithBackoff({ ...RETRY, retriable }, () => callConnect(connectUrl, method, asked));
  };
  await call('PUT', 'stop');
  await call('DELETE', 'offsets');
  return { resume: () => call('PUT', 'resume') };
}

async function callConnect(connectUrl: string, method: string, path: string): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const { ok, status, text } = await callHttp(connectUrl, path, { method, signal });
  if (!ok) throw new ConnectRefused(`${method} ${path}`, status, text);
}

class ConnectRefused extends Error {
  override readonly name = 'ConnectRefused';
  readonly status: number;

  constructor(what: string, status: number, answer: string) {
    super(`${what}: ${status} ${answer.slice(0, 500)}`);
    this.status = status;
  }
}
