/** A trace as Jaeger's API answers it: its spans in the order of the tree, with their depth. */
import { z } from 'zod';

const ANSWER = z.object({
  data: z.array(
    z.object({
      traceID: z.string(),
      spans: z.array(
        z.object({
          spanID: z.string(),
          operationName: z.string(),
          /** Microseconds. */
          startTime: z.number(),
          duration: z.number(),
          processID: z.string(),
          references: z.array(z.object({ refType: z.string(), spanID: z.string() })),
        }),
      ),
      processes: z.record(z.string(), z.object({ serviceName: z.string() })),
    }),
  ),
});

type Trace = z.infer<typeof ANSWER>['data'][number];

export type TreeSpan = {
  readonly name: string;
  readonly service: string;
  /** Below how many others. */
  readonly depth: number;
  readonly startMs: number;
  readonly tookMs: number;
};

const TIMEOUT_MS = 10_000;
const MICROS_PER_MS = 1_000;

/** `base`: of Jaeger's query service, http://127.0.0.1:16686. */
export async function readTree(base: string, traceId: string): Promise<TreeSpan[]> {
  const url = new URL(`/api/traces/${encodeURIComponent(traceId)}`, base);
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url.href} answered ${response.status}`);
  const [trace] = ANSWER.parse(await response.json()).data;
  if (trace === undefined) throw new Error(`${url.href} has no such trace`);
  return treeOf(trace);
}

function treeOf({ spans, processes }: Trace): TreeSpan[] {
  const originMs = Math.min(...spans.map(({ startTime }) => startTime)) / MICROS_PER_MS;
  const known = new Set(spans.map(({ spanID }) => spanID));
  const parentOf = ({ references }: Trace['spans'][number]): string | undefined =>
    references.find(({ refType, spanID }) => refType === 'CHILD_OF' && known.has(spanID))?.spanID;
  const below = (parent: string | undefined, depth: number): TreeSpan[] =>
    spans
      .filter((span) => parentOf(span) === parent)
      .toSorted((a, b) => a.startTime - b.startTime)
      .flatMap((span) => [
        {
          name: span.operationName,
          service: processes[span.processID]?.serviceName ?? '',
          depth,
          startMs: span.startTime / MICROS_PER_MS - originMs,
          tookMs: span.duration / MICROS_PER_MS,
        },
        ...below(span.spanID, depth + 1),
      ]);
  return below(undefined, 0);
}
