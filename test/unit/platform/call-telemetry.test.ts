/**
 * Each call as a server span and a duration: its status, its place in the caller's trace, what a
 * handler finds of it, and that a refusal is no error; health is left out.
 */
import { Metadata, status } from '@grpc/grpc-js';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { startTelemetry, type Telemetry } from '#platform/telemetry.ts';
import { GET, openLimitedServer, START, type LimitedServer } from '#test/support/limited-server.ts';
import { until } from '#test/support/until.ts';

const TRACE_ID = 'a'.repeat(32);
const METADATA_BYTES_MAX = 1_024;
const SPAN_ID = 'b'.repeat(16);
const NAME = 'bank.v1.BulkModeService/StartBulkMode';

const exporter = new InMemorySpanExporter();
let telemetry: Telemetry;
let server: LimitedServer;

beforeAll(async () => {
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors }));
  const env = { BANK_METRICS_LISTEN: '127.0.0.1:0' };
  telemetry = await startTelemetry({ service: 'a-svc', instance: 'a-1', env });
});
afterAll(async () => {
  trace.disable();
  await telemetry.shutdown();
});
beforeEach(async () => {
  exporter.reset();
  server = await openLimitedServer({ metadataBytesMax: METADATA_BYTES_MAX });
});
afterEach(() => server.close());

test("a call is a span of the caller's trace, and its handler's work hangs below it", async () => {
  const metadata = new Metadata();
  metadata.set('traceparent', `00-${TRACE_ID}-${SPAN_ID}-01`);
  await server.connect().call(START, { reason: '1' }, { metadata });
  const span = await ended(NAME);
  expect(span.kind).toBe(SpanKind.SERVER);
  expect(span.parentSpanContext?.spanId).toBe(SPAN_ID);
  expect(span.spanContext().traceId).toBe(TRACE_ID);
  expect(span.attributes).toEqual({
    'rpc.system.name': 'grpc',
    'rpc.method': NAME,
    'rpc.response.status_code': 'OK',
  });
  const { spanId } = span.spanContext();
  expect(server.handled[0]?.traceparent).toBe(`00-${TRACE_ID}-${spanId}-01`);
});

test('a refusal is told with its status, and is no error; a missing method is one', async () => {
  const caller = server.connect();
  const metadata = new Metadata();
  metadata.set('x-much', 'x'.repeat(2 * METADATA_BYTES_MAX));
  const answer = await caller.call(GET, Buffer.alloc(0), { metadata });
  expect(answer.code).toBe(status.RESOURCE_EXHAUSTED);
  const refused = await ended('bank.v1.BulkModeService/GetBulkMode');
  expect(refused.attributes['rpc.response.status_code']).toBe('RESOURCE_EXHAUSTED');
  expect(refused.status.code).toBe(SpanStatusCode.UNSET);
  await caller.call('/bank.v1.BulkModeService/EndBulkMode', Buffer.alloc(0));
  const missing = await ended('bank.v1.BulkModeService/EndBulkMode');
  expect(missing.attributes).toMatchObject({ 'error.type': 'UNIMPLEMENTED' });
  expect(missing.status.code).toBe(SpanStatusCode.ERROR);
});

test('a call that its caller gives up ends once, and is open no more', async () => {
  const options = { deadline: Date.now() + 100 };
  const answer = await server.connect().call(START, { holder: 'waits' }, { options });
  expect(answer.code).toBe(status.DEADLINE_EXCEEDED);
  await ended(NAME);
  expect(exporter.getFinishedSpans().length).toBe(1);
  const text = await page();
  expect(text).toContain(`bank_server_calls_open{rpc_method="${NAME}",service_name="a-svc"} 0`);
});

test('health has no span, and durations are by method and status', async () => {
  const caller = server.connect();
  await caller.call('/grpc.health.v1.Health/Check', Buffer.alloc(0));
  await caller.call(START, { reason: '1' });
  await ended(NAME);
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual([NAME]);
  const text = await page();
  const method = `rpc_system_name="grpc",rpc_method="${NAME}",rpc_response_status_code="OK"`;
  expect(text).toContain(`rpc_server_call_duration_seconds_count{${method}`);
  expect(text).not.toContain('grpc.health');
});

function ended(name: string): Promise<ReadableSpan> {
  return until(`the end of ${name}`, () =>
    exporter.getFinishedSpans().find((span) => span.name === name),
  );
}

async function page(): Promise<string> {
  return (await fetch(`http://${telemetry.metricsAddress}/metrics`)).text();
}
