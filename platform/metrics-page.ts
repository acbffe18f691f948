// The Prometheus page of a process: its metrics as text at http://HOST:PORT/metrics. One reading at
// a time, which all that ask meanwhile share; connections and their time are bounded. In the format
// of OpenMetrics, for who asks for that as Prometheus does, it has exemplars.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  DataPointType,
  MetricReader,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { Address } from './config.ts';
import { toOpenMetrics } from './exemplars.ts';
import { familyNameOf, unitWordOf } from './metric-names.ts';

const CONNECTIONS_MAX = 16;
const REQUEST_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;
const PLAIN = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export type MetricsPage = {
  readonly reader: MetricReader;
  /** Answers host:port with the port that was taken. */
  listen(address: Address): Promise<string>;
  text(): Promise<string>;
  close(): void;
};

class PageReader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }
  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

export function createMetricsPage(): MetricsPage {
  const reader = new PageReader();
  // The service's name on each series; all else of the resource stands in target_info.
  const serializer = new PrometheusSerializer('', false, /^service\.name$/, false, true);
  let reading: Promise<string> | undefined;
  const text = (): Promise<string> => {
    reading ??= reader
      .collect()
      .then(({ resourceMetrics }) => serializer.serialize(withUnits(resourceMetrics)))
      .finally(() => (reading = undefined));
    return reading;
  };
  const server = createServer((request, response) => void answer(request, response, text));
  server.maxConnections = CONNECTIONS_MAX;
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return {
    reader,
    text,
    listen: (address) => listen(server, address),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  text: () => Promise<string>,
): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (path !== '/metrics' || !isRead) {
    response.writeHead(path === '/metrics' ? 405 : 404).end();
    return;
  }
  try {
    const body = await text();
    const isOpen = (request.headers.accept ?? '').includes('application/openmetrics-text');
    response.writeHead(200, { 'content-type': isOpen ? OPEN_METRICS : PLAIN });
    response.end(isOpen ? toOpenMetrics(body) : body);
  } catch {
    response.writeHead(500).end(); // what it was is nobody's business who asks here
  }
}

/** The serializer writes names as they are: here they get their units. */
function withUnits({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics {
  return {
    resource,
    scopeMetrics: scopeMetrics.map(({ scope, metrics }) => ({
      scope,
      metrics: metrics.map(withUnit),
    })),
  };
}

function withUnit(data: MetricData): MetricData {
  const { name, unit } = data.descriptor;
  const kind = kindOf(data);
  const word = unitWordOf({ kind, unit });
  const descriptor = {
    ...data.descriptor,
    name: familyNameOf({ kind, name, unit }),
    unit: word ?? '',
  };
  return { ...data, descriptor };
}

function kindOf(data: MetricData): 'counter' | 'gauge' | 'histogram' {
  if (data.dataPointType === DataPointType.SUM) return data.isMonotonic ? 'counter' : 'gauge';
  return data.dataPointType === DataPointType.GAUGE ? 'gauge' : 'histogram';
}

function listen(server: Server, { host, port }: Address): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Error(`the metrics page could not listen on ${host}:${port}`, { cause }));
    });
    server.listen({ host, port }, () => {
      const address = server.address();
      const taken = typeof address === 'object' ? (address?.port ?? port) : port;
      resolve(`${host.includes(':') ? `[${host}]` : host}:${taken}`);
    });
  });
}
