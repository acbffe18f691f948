/**
 * `npm run pack:release -- v0.1.0`: keeps what runs of a tagged release as a fixture, so that the
 * upgrade test has it in a clone without tags, too. The same tag gives the same bytes.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { releaseArchive } from '#test/upgrade/release-archive.ts';

/** The services, what sets a bank up, and the connector; no tests, no tools. */
const WHAT_RUNS = [
  'package.json',
  'LICENSE',
  'command-svc',
  'projector-svc',
  'query-svc',
  'domain',
  'platform',
  'generated',
  'deploy/connect',
  'deploy/database',
  'deploy/db-setup.ts',
  'deploy/error-text.ts',
] as const;
const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;

const [tag, ...others] = process.argv.slice(2);
if (tag === undefined || others.length > 0) {
  console.error('npm run pack:release -- TAG');
  process.exitCode = 1;
} else {
  const tar = execFileSync('git', ['archive', '--format=tar', tag, ...WHAT_RUNS], {
    maxBuffer: ARCHIVE_BYTES_MAX,
  });
  const packed = gzipSync(tar, { level: 9 });
  const path = releaseArchive(tag);
  writeFileSync(path, packed);
  console.info(`${path}: ${Math.ceil(packed.length / 1024)} KiB`);
}
