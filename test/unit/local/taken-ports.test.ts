/** What is told of a start that cannot be, when several things stand in its way. Starts no part. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openDataFolder } from '#deploy/local/data-folder.ts';
import { startMesh } from '#deploy/local/mesh.ts';
import { silent } from '#deploy/local/progress.ts';
import { portOf } from '#test/support/port-of.ts';

test('a stack that runs already is told before its ports; then each of them', async () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'bank-ports-'));
  onTestFinished(() => rmSync(dataFolder, { recursive: true }));
  const port = await takenPort();
  const inUse = `port ${port} is taken: set`;
  const start = (taken: object): Promise<unknown> =>
    startMesh({ dataFolder, keepData: true, progress: silent, env: {}, ...taken });
  const ways: [string, object][] = [
    ['BANK_CONSOLE_LISTEN', { portsBeside: [{ port, variable: 'BANK_CONSOLE_LISTEN' }] }],
    ['BANK_COMMAND_LISTEN', { ports: { command: port } }],
    ['BANK_QUERY_METRICS_LISTEN', { metricsPorts: { query: port } }],
    ['BANK_KAFKA_PORT', { env: { BANK_KAFKA_PORT: String(port) } }],
  ];
  const running = await openDataFolder(dataFolder, { keepData: true, progress: silent });
  for (const [, taken] of ways) {
    await expect(start(taken)).rejects.toThrow('already runs a stack in');
  }
  running.release();
  for (const [variable, taken] of ways) {
    await expect(start(taken)).rejects.toThrow(`${inUse} ${variable} to a free one`);
  }
});

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return portOf(server);
}
