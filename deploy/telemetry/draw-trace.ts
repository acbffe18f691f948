// npm run trace -- TRACE_ID [FILE.svg] [http://127.0.0.1:16686]: a trace as text, read from Jaeger,
// and as a picture, a bar a span.
import { writeFile } from 'node:fs/promises';
import { errorText } from '../error-text.ts';
import { readTree, type TreeSpan } from './jaeger-trace.ts';

const JAEGER = 'http://127.0.0.1:16686';
const [WIDTH, LEFT, RIGHT, ROW, BAR] = [900, 250, 70, 26, 14];
const COLORS = new Map([
  ['command-svc', '#2b6cb0'],
  ['projector-svc', '#c05621'],
  ['query-svc', '#2f855a'],
]);

async function main(): Promise<void> {
  const [traceId, ...others] = process.argv.slice(2);
  if (traceId === undefined) throw new Error('npm run trace -- TRACE_ID [FILE.svg] [JAEGER_URL]');
  const file = others.find((one) => one.endsWith('.svg'));
  const spans = await readTree(others.find((one) => /^https?:/.test(one)) ?? JAEGER, traceId);
  process.stdout.write(`${asText(spans)}\n`);
  if (file !== undefined) await writeFile(file, asPicture(spans));
}

function asText(spans: readonly TreeSpan[]): string {
  const head = rowText('span', 'service', 'start', 'took');
  const rows = spans.map(({ name, service, depth, startMs, tookMs }) =>
    rowText(`${'  '.repeat(depth)}${name}`, service, startMs.toFixed(1), tookMs.toFixed(1)),
  );
  return [head, ...rows].join('\n');
}

function rowText(name: string, service: string, start: string, took: string): string {
  return `${name.padEnd(33)}${service.padEnd(17)}${start.padStart(8)}${took.padStart(10)}`;
}

function asPicture(spans: readonly TreeSpan[]): string {
  const endMs = Math.max(...spans.map(({ startMs, tookMs }) => startMs + tookMs));
  const scale = (WIDTH - LEFT - RIGHT) / endMs;
  const rows = spans.map((span, n) => rowOf(span, n * ROW + ROW, scale));
  const height = (spans.length + 1) * ROW + BAR;
  const size = `width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
${rows.join('\n')}
</svg>
`;
}

function rowOf({ name, service, depth, startMs, tookMs }: TreeSpan, y: number, scale: number) {
  const indent = 10 + depth * 14;
  const x = LEFT + startMs * scale;
  const width = Math.max(1, tookMs * scale);
  const color = COLORS.get(service) ?? '#4a5568';
  const from = `x="${x.toFixed(1)}" y="${y}"`;
  const bar = `<rect ${from} width="${width.toFixed(1)}" height="${BAR}" rx="2"`;
  const texts = [
    `<text x="${indent}" y="${y + BAR - 3}">${escaped(name)}</text>`,
    `<text x="150" y="${y + BAR - 3}" fill="${color}">${escaped(service)}</text>`,
    `<text x="${(x + width + 4).toFixed(1)}" y="${y + BAR - 3}">${tookMs.toFixed(1)} ms</text>`,
  ];
  return `${bar} fill="${color}"/>${texts.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

main().catch((error: unknown) => {
  console.error(errorText(error));
  process.exitCode = 1;
});
