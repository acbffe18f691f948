/** What a span says of a failure: its kind always, its text only where details may be. */
import { status } from '@grpc/grpc-js';
import { SpanStatusCode } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, test } from 'vitest';
import { refusal } from '#platform/grpc-errors.ts';
import { failSpan } from '#platform/telemetry.ts';
import { showDetails } from '#platform/telemetry-details.ts';

const ACCOUNT = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
const LOST = Object.assign(new Error(`${ACCOUNT}: lost postgres://u:hunter2@db/x`), {
  code: 'ECONNRESET',
});

afterEach(() => showDetails(false));

test('the kind of an error, and nothing of its text', () => {
  const span = failed(LOST);
  expect(span.attributes).toEqual({ 'error.type': 'ECONNRESET' });
  expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(span.events).toEqual([]);
});

test('with details its text, without secrets', () => {
  showDetails(true);
  const { message = '' } = failed(LOST).status;
  expect(message).toContain(ACCOUNT);
  expect(message).not.toContain('hunter2');
});

test.each([
  ['a refusal', status.FAILED_PRECONDITION, 'INSUFFICIENT_FUNDS', SpanStatusCode.UNSET],
  ['the rotation of a stream', status.UNAVAILABLE, 'STREAM_ROTATED', SpanStatusCode.UNSET],
  ['a lost store', status.UNAVAILABLE, 'EVENT_STORE_UNAVAILABLE', SpanStatusCode.ERROR],
])('%s', (_, code, reason, expected) => {
  const span = failed(refusal(code, reason, `account ${ACCOUNT}`));
  expect(span.status.code).toBe(expected);
  expect(span.attributes).toEqual({ 'error.type': reason });
});

function failed(error: unknown): ReadableSpan {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const span = provider.getTracer('t').startSpan('append');
  failSpan(span, error);
  span.end();
  const [ended] = exporter.getFinishedSpans();
  if (ended === undefined) throw new Error('the span has not ended');
  return ended;
}
