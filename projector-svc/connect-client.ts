/**
 * The two calls to Kafka Connect that the watchdog makes. Each is bounded in time; errors are the
 * caller's.
 */
import { z } from 'zod';
import { CONNECTOR, WATCHDOG } from './config.ts';

export type ConnectorStatus = { connector: string; tasks: { state: string; trace: string }[] };

const schema = z.object({
  connector: z.object({ state: z.string() }),
  tasks: z.array(z.object({ state: z.string(), trace: z.string().optional() })),
});

const TRACE_LENGTH_MAX = 500;

/** undefined: Connect does not know the connector. */
export async function readConnectorStatus(
  connectUrl: string,
): Promise<ConnectorStatus | undefined> {
  const response = await call(connectUrl, 'status', 'GET');
  if (response.status === 404) return undefined;
  if (!response.ok)
    throw new Error(`Connect answered ${response.status} to a question for the status`);
  const body: unknown = await response.json();
  const { connector, tasks } = schema.parse(body);
  return {
    connector: connector.state,
    tasks: tasks.map((task) => ({
      state: task.state,
      trace: (task.trace ?? '').slice(0, TRACE_LENGTH_MAX),
    })),
  };
}

export async function restartConnector(connectUrl: string): Promise<void> {
  const response = await call(connectUrl, 'restart?includeTasks=true&onlyFailed=false', 'POST');
  if (!response.ok) throw new Error(`Connect answered ${response.status} to a restart`);
}

function call(connectUrl: string, path: string, method: string): Promise<Response> {
  return fetch(new URL(`/connectors/${CONNECTOR}/${path}`, connectUrl), {
    method,
    signal: AbortSignal.timeout(WATCHDOG.requestTimeoutMs),
  });
}
