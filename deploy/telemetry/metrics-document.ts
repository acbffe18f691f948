// docs/metrics.md, made from the instruments: for each its name on the Prometheus page and by OTLP,
// its unit, what it is told apart by, and what it says.
import type { Instrument } from '#platform/instruments.ts';
import { pageNameOf } from '#platform/metric-names.ts';
import { FOLDERS, readDeclaredMetrics } from './declared-metrics.ts';

const HEAD = `# Metrics

Made by \`npm run docs:metrics\` from the instruments in the code: do not edit it by hand.

Each service shows its metrics as text at \`http://HOST:PORT/metrics\` when BANK_METRICS_LISTEN
is set, and sends them by OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is (docs/telemetry.md). On the page,
and in Prometheus however they come there, the names are those of the first column; a histogram's
series end with \`_bucket\`, \`_sum\` and \`_count\`. Each series of the page has the label
\`service_name\` besides (dots in names of labels are underscores there). A metric with labels is on
the page once something has happened to it.
`;

const TITLES: Readonly<Record<string, string>> = {
  'command-svc': 'command-svc',
  'projector-svc': 'projector-svc',
  'query-svc': 'query-svc',
  platform: 'Every service',
};

const TABLE = `| metric | kind | unit | by | what it says |
|---|---|---|---|---|`;

/** Throws when something declared cannot be listed. */
export async function metricsDocument(): Promise<string> {
  const { byFolder, unmatched } = await readDeclaredMetrics();
  if (unmatched.length > 0) throw new Error(`not listed: ${unmatched.join(', ')}`);
  const sections = FOLDERS.map((folder) => {
    const rows = (byFolder.get(folder) ?? []).map(row);
    return `\n## ${TITLES[folder]}\n\n${TABLE}\n${rows.join('\n')}\n`;
  });
  return HEAD + sections.join('') + bucketsOf([...byFolder.values()].flat());
}

function row(instrument: Instrument): string {
  const { kind, name, unit, by, help } = instrument;
  const labels = by.map((one) => `\`${one.replaceAll('.', '_')}\``).join(', ');
  const otlp = pageNameOf(instrument) === name ? '' : `<br>OTLP: \`${name}\``;
  return `| \`${pageNameOf(instrument)}\`${otlp} | ${kind} | ${unit} | ${labels} | ${help} |`;
}

/** Most histograms share their bounds. */
function bucketsOf(instruments: readonly Instrument[]): string {
  const byBounds = new Map<string, string[]>();
  for (const instrument of instruments) {
    if (instrument.buckets === undefined) continue;
    const bounds = instrument.buckets.join(', ');
    byBounds.set(bounds, [...(byBounds.get(bounds) ?? []), `\`${pageNameOf(instrument)}\``]);
  }
  const lines = [...byBounds].map(([bounds, names]) => `- ${bounds}:\n  ${names.join(', ')}`);
  return `\n## Bounds of the histograms\n\n${lines.join('\n')}\n`;
}
