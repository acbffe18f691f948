/**
 * npm run licences: every package of the lockfile has a licence of the list, by what the lockfile
 * or the installed package itself says. Prints those that have not; exit code 1 when there are any.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { z } from 'zod';

/** What may be used: no licence that reaches into code that uses it. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC-BY-3.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT/X11',
  'MPL-2.0',
  'PostgreSQL',
  'Python-2.0',
  'WTFPL',
]);
/** Packages that say nothing: peers that the benchmark measures, never shipped. */
const UNSTATED = new Set([
  '@event-driven-io/dumbo',
  '@event-driven-io/emmett',
  '@event-driven-io/emmett-postgresql',
  '@event-driven-io/pongo',
]);

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK = z.object({
  packages: z.record(z.string(), z.object({ license: z.string().optional() })),
});
const PACKAGE = z.object({ license: z.string().optional() });

const { packages } = LOCK.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
const paths = Object.keys(packages).filter((path) => path !== '');
const problems = paths.flatMap((path) => {
  const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
  const licence = packages[path]?.license ?? installedLicence(path);
  if (licence === undefined && UNSTATED.has(name)) return [];
  return isAllowed(licence ?? 'none') ? [] : [`${name}: ${licence}`];
});
for (const problem of problems) console.error(problem);
const missing = `${problems.length} without an allowed licence`;
process.stdout.write(`${paths.length} packages, ${missing}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function installedLicence(path: string): string | undefined {
  const file = join(ROOT, path, 'package.json');
  return existsSync(file)
    ? PACKAGE.parse(JSON.parse(readFileSync(file, 'utf8'))).license
    : undefined;
}

/** An expression of SPDX: one of alternatives is enough, of what holds together all are needed. */
function isAllowed(licence: string): boolean {
  const text = licence.replaceAll(/[()]/g, '');
  return text.split(' OR ').some((one) => one.split(' AND ').every((each) => ALLOWED.has(each)));
}
