// What a page of the dashboards is made of, and the queries that many panels ask alike. The tables
// in pages/ are made of these; dashboard-json.ts makes of them what Grafana reads.

/** A unit as Grafana calls it. */
export type Unit = 'bytes' | 'cps' | 'none' | 'percentunit' | 'reqps' | 's' | 'short';

export type Query = {
  readonly expr: string;
  /** With {{label}} in it. */
  readonly legend: string;
  /** Its metric is not there before something has gone wrong, or was asked for. */
  readonly isQuiet?: true;
};

export type Panel = {
  readonly title: string;
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
};

export type Row = { readonly title: string; readonly panels: readonly Panel[] };

export type Page = {
  /** Of the file, and of the dashboard's address. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
};

/** Grafana puts in what fits the picture and the scrape interval. */
const WINDOW = '[$__rate_interval]';

/** How often a second, told apart by some of its labels. */
export function perSecond(series: string, ...by: readonly string[]): Query {
  return { expr: `${sumBy(by)}(rate(${series}${WINDOW}))`, legend: legendOf(by, 'a second') };
}

/** The same for what happens only when something is wrong: 0 until then. */
export function quietPerSecond(series: string, ...by: readonly string[]): Query {
  const { expr, legend } = perSecond(series, ...by);
  return { expr: `${expr} or vector(0)`, legend, isQuiet: true };
}

/** Median and the slowest of a hundred, of a histogram by its name without _bucket. */
export function spread(histogram: string, match = '', ...by: readonly string[]): Query[] {
  return [0.5, 0.99].map((share) => ({
    expr:
      `histogram_quantile(${share}, sum by (${[...by, 'le'].join(', ')}) ` +
      `(rate(${histogram}_bucket${match}${WINDOW})))`,
    legend: legendOf(by, `p${share * 100}`),
  }));
}

/** How large something is now: the largest that any replica tells. */
export function largest(series: string, ...by: readonly string[]): Query {
  return { expr: `max${byText(by)} (${series})`, legend: legendOf(by, 'now') };
}

/** How large something is now, over all replicas. */
export function total(series: string, ...by: readonly string[]): Query {
  return { expr: `${sumBy(by)}(${series})`, legend: legendOf(by, 'now') };
}

/** What is told by each replica. */
export function each(series: string, legend = '{{instance}}'): Query {
  return { expr: series, legend };
}

export function named(legend: string, query: Query): Query {
  return { ...query, legend };
}

function sumBy(by: readonly string[]): string {
  return `sum${byText(by)} `;
}

function byText(by: readonly string[]): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')})`;
}

function legendOf(by: readonly string[], what: string): string {
  return by.length === 0 ? what : `${by.map((label) => `{{${label}}}`).join(' ')} ${what}`;
}
