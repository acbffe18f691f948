/** Spans reach an OTLP backend by either protocol, and a backend that is away holds nothing up. */
import { createServer } from 'node:http';
import { trace } from '@opentelemetry/api';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startOtlpReceiver } from '#test/support/otlp-receiver.ts';
import { portOf } from '#test/support/port-of.ts';
import { startTelemetry, traceparentOf, tracer } from '#platform/telemetry.ts';

beforeEach(() => vi.stubEnv('OTEL_TRACES_SAMPLER', 'always_on'));
afterEach(() => {
  trace.disable();
  vi.unstubAllEnvs();
});

test('gRPC is the default', async () => {
  const receiver = await startOtlpReceiver();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  const telemetry = await startTelemetry({ service: 'a-svc', instance: 'a-1', env: process.env });
  const span = tracer('t').startSpan('batch');
  expect(traceparentOf(span)).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  span.end();
  await telemetry.shutdown();
  const spans = await receiver.waitFor('the span', (got) => (got.length > 0 ? got : undefined));
  expect(spans).toEqual([expect.objectContaining({ name: 'batch', service: 'a-svc' })]);
  receiver.close();
});

test('http/protobuf works too', async () => {
  const paths: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url);
    request.resume().on('end', () => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = portOf(server);
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', `http://127.0.0.1:${port}`);
  vi.stubEnv('OTEL_EXPORTER_OTLP_PROTOCOL', 'http/protobuf');
  const telemetry = await startTelemetry({ service: 'a-svc', instance: 'a-1', env: process.env });
  tracer('t').startSpan('batch').end();
  await telemetry.shutdown();
  server.close();
  server.closeAllConnections();
  expect(new Set(paths)).toEqual(new Set(['/v1/metrics', '/v1/traces']));
});

test('a backend that is away does not hold up the end', async () => {
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:9');
  const telemetry = await startTelemetry({ service: 'a-svc', instance: 'a-1', env: process.env });
  tracer('t').startSpan('batch').end();
  const start = performance.now();
  await telemetry.shutdown().catch(() => undefined);
  expect(performance.now() - start).toBeLessThan(4500);
});
