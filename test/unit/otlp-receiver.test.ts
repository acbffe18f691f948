/** The OTLP receiver of the tests, against the exporter that the services use. */
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { expect, test } from 'vitest';
import { startOtlpReceiver, traceText } from '#test/support/otlp-receiver.ts';

test('an OTLP receiver keeps names, parents, links and the service of spans', async () => {
  const receiver = await startOtlpReceiver();
  const exporter = new OTLPTraceExporter({ url: receiver.url });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'a-service' }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const tracer = provider.getTracer('test');
  const other = tracer.startSpan('other', {}, ROOT_CONTEXT);
  const parent = tracer.startSpan('batch', { links: [{ context: other.spanContext() }] });
  const child = tracer.startSpan('append', {}, trace.setSpan(ROOT_CONTEXT, parent));
  for (const span of [child, parent, other]) span.end();

  const spans = await receiver.waitFor('three spans', (got) =>
    got.length === 3 ? got : undefined,
  );
  const named = (name: string) => spans.find((span) => span.name === name);
  expect(named('append')?.parentSpanId).toBe(parent.spanContext().spanId);
  expect(named('append')?.service).toBe('a-service');
  expect(named('batch')?.parentSpanId).toBe('');
  expect(named('batch')?.links).toEqual([
    { traceId: other.spanContext().traceId, spanId: other.spanContext().spanId },
  ]);
  expect(traceText(spans, parent.spanContext().traceId)).toMatch(
    /^a-service batch .* -> \w{8}\n {2}a-service append /,
  );
  await provider.shutdown();
  receiver.close();
});
