/**
 * What the documents point to is there: files and headings that they link, documents, sources and
 * npm scripts that they name.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NOT_OURS = /(^|\/)(node_modules|\.git|\.local|dist)(\/|$)/;
const TOP_FOLDERS = readdirSync(ROOT, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !NOT_OURS.test(entry.name))
  .map(({ name }) => name);

const NAMED_FILE = new RegExp(
  `(?<![\\w./@-])(?:${TOP_FOLDERS.join('|')})/[\\w./-]+` +
    '\\.(?:md|ts|mjs|json|sql|proto|ya?ml|svg|png|sh)(?![\\w*{-])',
  'g',
);

const documents = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(
  (path) => path.endsWith('.md') && !NOT_OURS.test(path),
);
const Scripts = z.object({ scripts: z.record(z.string(), z.string()) });
const { scripts } = Scripts.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

test('there are documents', () => {
  expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/contract.md']));
});

test.each(documents)('%s points to what is there', (path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const missing = [
    ...linksOf(text).filter((link) => !isThere(path, link)),
    ...namedFiles(text).filter((file) => !existsSync(join(ROOT, file))),
    ...namedScripts(text).filter((name) => !(name in scripts)),
  ];
  expect(missing).toEqual([]);
});

test.each(documents)('%s has no here-document that is indented: its end is not found', (path) => {
  const text = readFileSync(join(ROOT, path), 'utf8');
  expect(text.match(/^ {4}.*<<-?['"]?[A-Z]+/gm) ?? []).toEqual([]);
});

/** Targets of links and pictures, without those on the web. */
function linksOf(text: string): string[] {
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^(https?|mailto):/.test(target));
}

function isThere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#');
  const path = file === '' ? join(ROOT, from) : join(ROOT, dirname(from), file);
  if (!existsSync(path)) return false;
  return anchor === undefined || anchorsOf(readFileSync(path, 'utf8')).has(anchor);
}

function anchorsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Paths from the root on, as `deploy/connect/outbox.json`; patterns are none. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(NAMED_FILE)].map(([found]) => found);
}

function namedScripts(text: string): string[] {
  return [...text.matchAll(/npm run (?:--silent |-s )?([a-z][\w:-]*)/g)].map(
    ([, name = '']) => name,
  );
}
