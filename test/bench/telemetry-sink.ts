/**
 * Where services send traces and metrics to while telemetry is measured: takes them and forgets
 * them, so that its own work is not in the figure. It counts the bytes, and reads the pages of the
 * replicas as Prometheus would.
 */
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { z } from 'zod';

const SERVICES = ['trace.v1.TraceService', 'metrics.v1.MetricsService'] as const;
/** As in the example that comes with Prometheus. */
const LOOK_EVERY_MS = 15_000;
const LOOK_TIMEOUT_MS = 10_000;

export type TelemetrySink = {
  readonly url: string;
  readonly bytes: () => { readonly traces: number; readonly metrics: number };
  /** Reads these pages from now on, until the answer is called; that says how many times. */
  readonly scrape: (pages: readonly string[]) => () => number;
  readonly close: () => void;
};

export async function startTelemetrySink(): Promise<TelemetrySink> {
  const bytes = { traces: 0, metrics: 0 };
  const server = new Server();
  for (const [at, service] of SERVICES.entries()) {
    const kind = at === 0 ? 'traces' : 'metrics';
    server.addService(definitionOf(`/opentelemetry.proto.collector.${service}/Export`), {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
        bytes[kind] += call.request.length;
        answer(null, Buffer.alloc(0));
      },
    });
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    bytes: () => ({ ...bytes }),
    scrape: startScraping,
    close: () => server.forceShutdown(),
  };
}

/** The sum of a counter's series on a page. */
export async function counterOn(page: string, name: string): Promise<number> {
  const text = await readPage(page);
  const series = text.split('\n').filter((line) => /^\w+/.exec(line)?.[0] === name);
  return series.reduce((sum, line) => sum + Number(/ (\S+)$/.exec(line)?.[1]), 0);
}

async function readPage(page: string): Promise<string> {
  const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
  const response = await fetch(`http://${page}/metrics`, { signal });
  return z
    .string()
    .min(1)
    .parse(await response.text());
}

function definitionOf(path: string) {
  const same = (bytes: Buffer): Buffer => bytes;
  const streams = { requestStream: false, responseStream: false };
  const codec = {
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  };
  return { Export: { path, ...streams, ...codec } };
}

function startScraping(pages: readonly string[]): () => number {
  let looks = 0;
  const look = async (page: string): Promise<void> => {
    const signal = AbortSignal.timeout(LOOK_TIMEOUT_MS);
    const response = await fetch(`http://${page}/metrics`, { signal });
    z.string()
      .min(1)
      .parse(await response.text());
    looks += 1;
  };
  const lookAtAll = (): void => {
    for (const page of pages) look(page).catch(() => undefined); // who counts sees that it failed
  };
  lookAtAll();
  const timer = setInterval(lookAtAll, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    return looks;
  };
}
