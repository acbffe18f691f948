/**
 * The metrics page: names with their units, labels, buckets, what is asked for at each look, and an
 * end that leaves nothing behind.
 */
import { afterEach, expect, test } from 'vitest';
import {
  counter,
  gauge,
  histogram,
  observedCounter,
  observedGauge,
  startTelemetry,
  type Telemetry,
} from '#platform/telemetry.ts';

const opened = counter('bank.page.opened', 'Things opened.', '{thing}', ['kind']);
const written = counter('bank.page.written', 'Bytes written.', 'By');
const age = gauge('bank.page.age', 'Age of a thing.', 's');
const share = gauge('bank.page.share', 'Share of things.', '1');
const took = histogram('bank.page.took', 'How long a thing took.', 's', [0.1, 1], ['kind']);
const waiting = observedGauge('bank.page.waiting', 'Things that wait.', '{thing}', ['lane']);
const all = observedCounter('bank.page.all', 'Things, ever.', '{thing}');

let telemetry: Telemetry | undefined;
afterEach(async () => telemetry?.shutdown());

test('shows what was recorded and what is asked, with units in the names', async () => {
  telemetry = await start();
  opened.add(2, { kind: 'a' });
  opened.add(1, { kind: 'a"b' });
  age.set(1.5);
  share.set(0.25);
  took.record(0.05, { kind: 'a' });
  took.record(5, { kind: 'a' });
  let looks = 0;
  const unwatch = waiting.watch(() => [[(looks += 1) + 2, { lane: 'x' }]]);
  all.watch(() => [[7]]);

  const text = await page();
  const series = text.split('\n').filter((line) => line.startsWith('bank_page_'));
  expect(
    series.map((line) => line.replace(/,?service_name="a-svc"/, '').replace('{}', '')),
  ).toEqual(
    expect.arrayContaining([
      'bank_page_opened_total{kind="a"} 2',
      'bank_page_opened_total{kind="a\\"b"} 1',
      'bank_page_written_bytes_total 0',
      'bank_page_age_seconds 1.5',
      'bank_page_share_ratio 0.25',
      'bank_page_took_seconds_bucket{kind="a",le="0.1"} 1',
      'bank_page_took_seconds_bucket{kind="a",le="1"} 1',
      'bank_page_took_seconds_bucket{kind="a",le="+Inf"} 2',
      'bank_page_took_seconds_sum{kind="a"} 5.05',
      'bank_page_took_seconds_count{kind="a"} 2',
      'bank_page_waiting{lane="x"} 3',
      'bank_page_all_total 7',
    ]),
  );
  expect(text).toContain('# HELP bank_page_age_seconds Age of a thing.');
  expect(text).toMatch(/^target_info\{service_name="a-svc",service_instance_id="a-1"/m);
  expect(text).toMatch(/^nodejs_eventloop_delay_max_seconds\{service_name="a-svc"\} \d/m);

  unwatch();
  await page();
  expect(looks).toBe(1);
});

test('has the last sampled trace of each bucket, for who asks for OpenMetrics', async () => {
  telemetry = await start();
  const [sampled, other] = ['a'.repeat(32), 'c'.repeat(32)];
  took.record(0.5, { kind: 'z' }, `00-${sampled}-${'b'.repeat(16)}-01`);
  took.record(0.5, { kind: 'z' }, `00-${other}-${'b'.repeat(16)}-00`);
  took.record(9, { kind: 'z' });
  opened.add(1, { kind: 'z' });
  const accept = 'application/openmetrics-text;version=1.0.0;q=0.8,text/plain;q=0.5';
  const url = `http://${telemetry.metricsAddress}/metrics`;
  const response = await fetch(url, { headers: { accept } });
  expect(response.headers.get('content-type')).toContain('application/openmetrics-text');
  const lines = (await response.text()).split('\n');
  expect(lines.slice(-2)).toEqual(['# EOF', '']);
  expect(lines.slice(0, -1)).not.toContain('');
  expect(lines).toContain('# TYPE bank_page_opened counter');
  expect(lines).toContain('# UNIT bank_page_written_bytes bytes');
  const buckets = lines.filter((line) => line.startsWith('bank_page_took_seconds_bucket{kind="z"'));
  expect(buckets.map((line) => line.replace(/^.*le=/, ''))).toEqual([
    '"0.1"} 0',
    expect.stringMatching(new RegExp(`^"1"} 2 # {trace_id="${sampled}"} 0.5 \\d+\\.\\d{3}$`)),
    '"+Inf"} 3',
  ]);
  expect(await page()).not.toContain('trace_id');
});

test('serves nothing but the page, and ends', async () => {
  telemetry = await start();
  const url = `http://${telemetry.metricsAddress}`;
  expect((await fetch(`${url}/`)).status).toBe(404);
  expect((await fetch(`${url}/metrics`, { method: 'POST' })).status).toBe(405);
  const many = await Promise.all(Array.from({ length: 8 }, () => fetch(`${url}/metrics?x=1`)));
  expect(new Set(many.map(({ status }) => status))).toEqual(new Set([200]));
  expect(many[0]?.headers.get('content-type')).toContain('version=0.0.4');
  await telemetry.shutdown();
  await expect(fetch(`${url}/metrics`)).rejects.toThrow('fetch failed');
  written.add(1);
  expect(written.total()).toBeGreaterThan(0);
});

test.each([
  ['BANK_METRICS_LISTEN', 'nowhere'],
  ['BANK_METRICS_LISTEN', '0.0.0.0:0'],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http/json'],
  ['OTEL_METRIC_EXPORT_INTERVAL', '10'],
  ['OTEL_TRACES_SAMPLER', 'sometimes'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
  ['BANK_TELEMETRY_SLOW_MS', '0'],
  ['BANK_TELEMETRY_DETAILS', 'yes'],
])('%s=%s ends the start with its name', async (name, value) => {
  const env = { [name]: value };
  await expect(startTelemetry({ service: 's', instance: 'i', env })).rejects.toThrow(name);
});

test('a page that anybody reaches is one that somebody has allowed', async () => {
  const env = { BANK_METRICS_LISTEN: '0.0.0.0:0', BANK_METRICS_PLAINTEXT: 'allowed' };
  const telemetry = await startTelemetry({ service: 's', instance: 'i', env });
  expect(telemetry.metricsAddress).toMatch(/^0\.0\.0\.0:\d+$/);
  await telemetry.shutdown();
});

test('a port that is taken ends the start', async () => {
  telemetry = await start();
  const env = { BANK_METRICS_LISTEN: telemetry.metricsAddress };
  const again = startTelemetry({ service: 's', instance: 'i', env });
  await expect(again).rejects.toThrow(`could not listen on ${telemetry.metricsAddress}`);
});

function start(): Promise<Telemetry> {
  const env = { BANK_METRICS_LISTEN: '127.0.0.1:0' };
  return startTelemetry({ service: 'a-svc', instance: 'a-1', env });
}

async function page(): Promise<string> {
  return (await fetch(`http://${telemetry?.metricsAddress}/metrics`)).text();
}
