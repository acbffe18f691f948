/** Questions to a Prometheus: values over a span of time, and how its rules stand. */
import { z } from 'zod';

const ANSWER_TIMEOUT_MS = 10_000;
const STEP_SECONDS = 1;

const valueSchema = z.tuple([z.number(), z.string()]);
const rangeSchema = z.object({
  result: z.array(
    z.object({
      metric: z.record(z.string(), z.string()),
      values: z.array(valueSchema).default([]),
    }),
  ),
});
const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          name: z.string(),
          health: z.enum(['ok', 'err', 'unknown']),
          lastError: z.string().optional(),
        }),
      ),
    }),
  ),
});
const answerSchema = z.object({
  status: z.enum(['success', 'error']),
  error: z.string().optional(),
  data: z.unknown(),
});

/** In seconds since 1970, as Prometheus counts. */
export type Span = { readonly start: number; readonly end: number };
export type RuleState = z.infer<typeof rulesSchema>['groups'][number]['rules'][number];

/** Whether any value came that is a number. */
export async function bringsData(url: string, query: string, span: Span): Promise<boolean> {
  const result = await range(url, query, span);
  return result.some(({ values }) => values.some(([, text]) => !Number.isNaN(Number(text))));
}

/** Alerts that were pending or firing at some moment, by name. */
export async function alertsDuring(
  url: string,
  state: 'pending' | 'firing',
  span: Span,
): Promise<string[]> {
  const result = await range(url, `ALERTS{alertstate="${state}"}`, span);
  return [...new Set(result.map(({ metric }) => metric['alertname'] ?? ''))].toSorted();
}

export async function ruleStates(url: string): Promise<RuleState[]> {
  const { groups } = rulesSchema.parse(await ask(url, 'rules', {}));
  return groups.flatMap(({ rules }) => rules);
}

async function range(url: string, query: string, { start, end }: Span) {
  const step = String(STEP_SECONDS);
  const given = { query, start: String(start), end: String(end), step };
  return rangeSchema.parse(await ask(url, 'query_range', given)).result;
}

async function ask(url: string, path: string, given: Record<string, string>): Promise<unknown> {
  const asked = new URLSearchParams(given).toString();
  const response = await fetch(`${url}/api/v1/${path}?${asked}`, {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const { status, error, data } = answerSchema.parse(await response.json());
  if (status === 'error') throw new Error(`Prometheus: ${error}; asked ${path}`);
  return data;
}
