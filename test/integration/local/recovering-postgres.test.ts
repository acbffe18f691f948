/**
 * A PostgreSQL that recovers longer than a start may take is waited for, and progress says so: a
 * server of the test's own, in a recovery that lasts until it is let go.
 */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDataFolder } from '#deploy/local/data-folder.ts';
import { Part } from '#deploy/local/part.ts';
import { freePort, isListening } from '#deploy/local/ports.ts';
import { postgresSpec } from '#deploy/local/postgres.ts';
import { silent } from '#deploy/local/progress.ts';
import { until } from '#test/support/until.ts';

test('a PostgreSQL that recovers is not killed for it', async () => {
  const path = mkdtempSync(join(tmpdir(), 'bank-recovery-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  const folder = await openDataFolder(path, { keepData: true, progress: silent });
  onTestFinished(folder.release);
  const port = await freePort();
  const spec = postgresSpec(folder, port);
  await spec.command(); // makes the cluster
  const letGo = join(path, 'let-go');
  const cluster = folder.inside('postgres');
  // Asked for the next of the log, it answers "there is none" once it is let go.
  const wait = `while [ ! -e ${letGo} ]; do sleep 0.05; done; exit 1`;
  appendFileSync(join(cluster, 'postgresql.auto.conf'), `restore_command = '${wait}'\n`);
  writeFileSync(join(cluster, 'recovery.signal'), '');
  const said: string[] = [];
  const part = new Part(
    {
      ...spec,
      readyTimeoutMs: 1, // from when it first listens on, which takes what it takes
      isReady: async (pid) => {
        await until('it listens', () => isListening(port));
        return await spec.isReady(pid);
      },
    },
    {
      restarts: false,
      onGivenUp: () => undefined,
      progress: (_, text) => {
        said.push(text);
        if (text.startsWith('recovers')) writeFileSync(letGo, '');
      },
    },
  );
  onTestFinished(() => part.stop());
  await part.start();
  expect(said).toEqual([
    expect.stringMatching(/^recovers from its write-ahead log, \d+ s so far$/),
    expect.stringMatching(/^ready in/),
  ]);
});
