/**
 * A local OTLP receiver (gRPC, traces only) that keeps every span it was sent, so that a test can
 * read one batch's whole trace. Point OTEL_EXPORTER_OTLP_ENDPOINT at `url`. Spans arrive when the
 * exporter flushes: `waitFor` asks until the spans are there and fails, with the names that came,
 * when they stay away.
 */
import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';
import { z } from 'zod';
import { until } from '#test/support/until.ts';

const hex = z.instanceof(Uint8Array).transform((bytes) => Buffer.from(bytes).toString('hex'));
const Link = z.object({ traceId: hex, spanId: hex });
const Span = z.object({
  traceId: hex,
  spanId: hex,
  parentSpanId: hex.optional().transform((id) => id ?? ''),
  name: z.string(),
  startTimeUnixNano: z.string().transform(BigInt),
  endTimeUnixNano: z.string().transform(BigInt),
  attributes: z.array(z.object({ key: z.string(), value: z.unknown() })).default([]),
  links: z.array(Link).default([]),
  events: z.array(z.object({ name: z.string() })).default([]),
});
const Request = z.object({
  resourceSpans: z
    .array(
      z.object({
        resource: z
          .object({
            attributes: z.array(
              z.object({
                key: z.string(),
                value: z.object({ stringValue: z.string().optional() }),
              }),
            ),
          })
          .optional(),
        scopeSpans: z.array(z.object({ spans: z.array(Span).default([]) })).default([]),
      }),
    )
    .default([]),
});

/**
 * Ids are lower-case hex; `parentSpanId` is empty for a root. `service` is the resource's
 * service.name.
 */
export type ReceivedSpan = z.infer<typeof Span> & { service: string };

export type OtlpReceiver = {
  url: string;
  spans: () => readonly ReceivedSpan[];
  /** Waits until `pick` answers something for the spans that came so far. */
  waitFor: <T>(what: string, pick: (spans: readonly ReceivedSpan[]) => T | undefined) => Promise<T>;
  close: () => void;
};

// The part of opentelemetry/proto/trace/v1 that is read here; unknown fields are skipped.
const TRACE_PROTO = `syntax = "proto3";
message Value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; }
message KeyValue { string key = 1; Value value = 2; }
message Resource { repeated KeyValue attributes = 1; }
message Link { bytes trace_id = 1; bytes span_id = 2; }
message Event { fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; }
message Span {
  bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
  fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13;
}
message ScopeSpans { repeated Span spans = 2; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
message Request { repeated ResourceSpans resource_spans = 1; }`;

export async function startOtlpReceiver(): Promise<OtlpReceiver> {
  const received: ReceivedSpan[] = [];
  const requestType = protobuf.parse(TRACE_PROTO).root.lookupType('Request');
  const decode = (bytes: Buffer): ReceivedSpan[] => spansOf(requestType.decode(bytes));
  const server = new grpc.Server();
  server.addService(
    {
      Export: {
        path: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
        requestStream: false,
        responseStream: false,
        requestSerialize: (bytes: Buffer) => bytes,
        requestDeserialize: (bytes: Buffer) => bytes,
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    },
    {
      Export: (
        call: grpc.ServerUnaryCall<Buffer, Buffer>,
        answer: grpc.sendUnaryData<Buffer>,
      ): void => {
        received.push(...decode(call.request));
        answer(null, Buffer.alloc(0));
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return {
    url: `http://127.0.0.1:${port}`,
    spans: () => received,
    waitFor: (what, pick) =>
      until(what, () => pick(received), {
        detail: () => `spans so far: ${[...new Set(received.map((span) => span.name))].join(', ')}`,
      }),
    close: () => server.forceShutdown(),
  };
}

function spansOf(message: protobuf.Message): ReceivedSpan[] {
  const object: unknown = message.$type.toObject(message, { longs: String });
  return Request.parse(object).resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const named = resource?.attributes.find(({ key }) => key === 'service.name');
    const service = named?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map((span) => ({ ...span, service })));
  });
}

/** The tree of one trace as text, for a reader: indented by parent, in the order of starts. */
export function traceText(spans: readonly ReceivedSpan[], traceId: string): string {
  const own = spans.filter((span) => span.traceId === traceId);
  const ids = new Set(own.map((span) => span.spanId));
  const lines: string[] = [];
  const print = (parent: string, depth: number): void => {
    const children = own
      .filter((span) => (ids.has(span.parentSpanId) ? span.parentSpanId : '') === parent)
      .toSorted((a, b) => Number(a.startTimeUnixNano - b.startTimeUnixNano));
    for (const span of children) {
      const ms = Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6;
      const links = span.links.map((link) => ` -> ${link.traceId.slice(0, 8)}`).join('');
      lines.push(`${'  '.repeat(depth)}${span.service} ${span.name} ${ms.toFixed(2)} ms${links}`);
      print(span.spanId, depth + 1);
    }
  };
  print('', 0);
  return lines.join('\n');
}
