// Tells whoever started a service where it serves: a JSON file at BANK_READY_FILE, written beside
// and renamed, so that a reader sees all of it or nothing. Without the variable it does nothing.
import { rename, writeFile } from 'node:fs/promises';

export type ReadyMessage = {
  service: string;
  address: string;
  pid: number;
  /** host:port of the metrics page; absent: there is none. */
  metricsAddress?: string;
};

export async function announceReady(
  env: NodeJS.ProcessEnv,
  service: string,
  address: string,
  metricsAddress?: string,
): Promise<void> {
  const path = env['BANK_READY_FILE'];
  if (path === undefined || path === '') return;
  const page = metricsAddress === undefined ? {} : { metricsAddress };
  const message: ReadyMessage = { service, address, pid: process.pid, ...page };
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(message)}\n`);
  await rename(draft, path);
}
