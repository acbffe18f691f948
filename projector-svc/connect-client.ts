/**
 * The calls to Kafka Connect that the watchdog makes. Each is bounded in time; errors are the
 * caller's.
 */
import { readFile } from 'node:fs/promises';
import { callHttp } from '#platform/http-call.ts';
import type { HttpAnswer, HttpRequest } from '#platform/http-call.ts';
import { z } from 'zod';
import { CONNECTOR } from './config.ts';
import { WATCHDOG } from './pipeline-bounds.ts';

export type ConnectorTask = { id: number; state: string; trace: string };
export type ConnectorStatus = { connector: string; tasks: ConnectorTask[] };

const statusSchema = z.object({
  connector: z.object({ state: z.string() }),
  tasks: z.array(z.object({ id: z.number(), state: z.string(), trace: z.string().optional() })),
});
const fileSchema = z.object({
  name: z.literal(CONNECTOR),
  config: z.record(z.string(), z.string()),
});

const CAUSED_BY = 'Caused by: ';
const TRACE_LENGTH_MAX = 500;
const REFUSAL_LENGTH_MAX = 1000;

/** undefined: Connect does not know the connector. */
export async function readConnectorStatus(
  connectUrl: string,
  stopping: AbortSignal,
): Promise<ConnectorStatus | undefined> {
  const response = await call(connectUrl, 'status', { method: 'GET' }, stopping);
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new Error(`Connect answered ${response.status} to a question for the status`);
  const body: unknown = JSON.parse(response.text);
  const { connector, tasks } = statusSchema.parse(body);
  return {
    connector: connector.state,
    tasks: tasks.map(({ id, state, trace = '' }) => ({
      id,
      state,
      trace: reasonFirst(trace).slice(0, TRACE_LENGTH_MAX),
    })),
  };
}

/** Why it failed at last, which its beginning does not tell, before the trace itself. */
export function reasonFirst(trace: string): string {
  const lines = trace.split('\n').map((line) => line.trim());
  const cause = lines.findLast((line) => line.startsWith(CAUSED_BY));
  return cause === undefined ? trace : `${cause.slice(CAUSED_BY.length)}\n${trace}`;
}

export async function restartConnector(connectUrl: string, stopping: AbortSignal): Promise<void> {
  const path = 'restart?includeTasks=true&onlyFailed=false';
  const response = await call(connectUrl, path, { method: 'POST' }, stopping);
  if (!response.ok) throw new Error(`Connect answered ${response.status} to a restart`);
}

/** Gives Connect a connector that it does not know, from a file like deploy/connect/outbox.json. */
export async function putConnector(
  connectUrl: string,
  file: string,
  stopping: AbortSignal,
): Promise<void> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  const { config } = fileSchema.parse(content);
  const request = {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(config),
  };
  const response = await call(connectUrl, 'config', request, stopping);
  if (response.ok) return;
  const answer = response.text.slice(0, REFUSAL_LENGTH_MAX);
  throw new Error(`Connect refused the connector of ${file} (${response.status}): ${answer}`);
}

function call(
  connectUrl: string,
  path: string,
  request: Omit<HttpRequest, 'signal'>,
  stopping: AbortSignal,
): Promise<HttpAnswer> {
  return callHttp(connectUrl, `/connectors/${CONNECTOR}/${path}`, {
    ...request,
    signal: AbortSignal.any([stopping, AbortSignal.timeout(WATCHDOG.requestTimeoutMs)]),
  });
}
