/**
 * What an expression of PromQL asks for, read by Prometheus' own grammar. Grafana's window is put
 * in before, as Grafana does.
 */
import { parser } from '@prometheus-io/lezer-promql';

/** Throws where the expression is none. */
export function selectorsIn(expr: string): { name: string; text: string }[] {
  const found: { name: string; text: string }[] = [];
  parser.parse(expr).iterate({
    enter({ name, type, from, to, node }) {
      if (type.isError) throw new Error(`no PromQL at character ${from}: ${expr}`);
      const metric = name === 'VectorSelector' ? node.getChild('Identifier') : null;
      if (metric === null) return;
      found.push({ name: expr.slice(metric.from, metric.to), text: expr.slice(from, to) });
    },
  });
  return found;
}

/** The names by which docs/metrics.md lists what an expression asks for. */
export function metricsIn(expr: string, documented: ReadonlySet<string>): string[] {
  return selectorsIn(expr).map(({ name }) => {
    const family = name.replace(/_(bucket|count|sum)$/, '');
    return documented.has(family) ? family : name;
  });
}

export function withWindow(expr: string, window: string): string {
  return expr.replaceAll('$__rate_interval', window);
}

/** By the first column of docs/metrics.md. */
export function documentedMetrics(markdown: string): Set<string> {
  const names = [...markdown.matchAll(/^\| `([a-z0-9_]+)`/gm)].map(([, name = '']) => name);
  return new Set(names);
}
