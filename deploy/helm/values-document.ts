/**
 * The table of the chart's values, made from values.yaml: the comment above a value that begins
 * with `--`, and its default. test/chart/check-chart.ts says when README.md is stale.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isMap, isPair, isScalar, isAlias, parseDocument, type Document, type Pair } from 'yaml';

const VALUES = fileURLToPath(new URL('banking-es/values.yaml', import.meta.url));
export const VALUES_DOCUMENT = fileURLToPath(new URL('banking-es/README.md', import.meta.url));

const HEAD = `# Values of the chart

Written by \`npm run generate:chart\` from values.yaml. How to install: docs/kubernetes.md.
\`query\` and \`projector\` have what \`command\` has.

| value | default | what |
|---|---|---|
`;

export function valuesDocument(): string {
  const document = parseDocument(readFileSync(VALUES, 'utf8'));
  const rows = isMap(document.contents) ? pairsOf(document.contents.items, '', document) : [];
  return `${HEAD}${rows.join('\n')}\n`;
}

function pairsOf(items: readonly unknown[], before: string, document: Document): string[] {
  return items.filter(isPair).flatMap((pair, index) => rowsOf(pair, before, document, index === 0));
}

/** A map without a comment of its own is shown by what is in it. */
function rowsOf(pair: Pair, before: string, document: Document, isFirst: boolean): string[] {
  if (!isScalar(pair.key)) return [];
  const name = `${before}${String(pair.key.value)}`;
  const { value } = pair;
  if (isAlias(value)) return [];
  const comment = commentOf(pair, document, isFirst && before === '');
  if (isMap(value) && comment === '' && !value.flow && value.items.length > 0) {
    const [first] = value.items;
    const above = isPair(first) && isScalar(first.key) ? value.commentBefore : undefined;
    return pairsOf(withComment(value.items, above), `${name}.`, document);
  }
  const plain: unknown = document.createNode(value).toJS(document);
  return [`| ${name} | \`${JSON.stringify(plain)}\` | ${comment} |`];
}

/** The library gives a map the comment above its first key. */
function withComment(items: Pair[], above: string | null | undefined): Pair[] {
  const [first] = items;
  if (above && first !== undefined && isScalar(first.key)) first.key.commentBefore ??= above;
  return items;
}

function commentOf(pair: Pair, document: Document, isTop: boolean): string {
  const own = isScalar(pair.key) ? pair.key.commentBefore : undefined;
  const text = own ?? (isTop ? document.commentBefore : undefined) ?? '';
  const lines = text.split('\n').map((line) => line.trim());
  const at = lines.findIndex((line) => line.startsWith('-- '));
  if (at < 0) return '';
  return lines.slice(at).join(' ').replace('-- ', '').replaceAll('|', '\\|');
}
