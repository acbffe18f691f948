// Puts the outbox connector on a Kafka Connect: the very file that anybody else puts there by curl.
// Connect refuses while its workers agree on who does what, so it is asked again, for a while.
import { readFile } from 'node:fs/promises';
import { callHttp } from '#platform/http-call.ts';
import { retryWithBackoff } from '#platform/waiting.ts';
import { z } from 'zod';

const RETRY = { firstMs: 50, maxMs: 1000, attempts: 40 } as const;
const REQUEST_TIMEOUT_MS = 30_000; // Connect validates by connecting to the database
const FILE = new URL('outbox.json', import.meta.url);

const connectorSchema = z.object({
  name: z.string(),
  config: z.record(z.string(), z.string()),
});

/** `file`: another version's. */
export async function putConnector(connectUrl: string, file: URL | string = FILE): Promise<void> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  const { name, config } = connectorSchema.parse(content);
  const retriable = (error: unknown): boolean =>
    !(error instanceof ConnectorRefused) || error.status === 409 || error.status >= 500;
  await retryWithBackoff({ ...RETRY, retriable }, async () => {
    const { ok, status, text } = await callHttp(connectUrl, `/connectors/${name}/config`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(config),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (!ok) throw new ConnectorRefused(status, text);
  });
}

class ConnectorRefused extends Error {
  override readonly name = 'ConnectorRefused';
  readonly status: number;

  constructor(status: number, answer: string) {
    super(`Connect refused the connector (${status}): ${answer.slice(0, 1000)}`);
    this.status = status;
  }
}
