/**
 * A Redis of a test's own, beside the one of the run's stack: it may be stopped, started again
 * (empty) and held still, and nobody else notices.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { findRedis } from '#deploy/local/redis-binary.ts';
import { redisSpec } from '#deploy/local/redis.ts';

export type OwnRedis = { readonly url: string; readonly part: Part };

export async function startOwnRedis(): Promise<OwnRedis> {
  const { folder, logs } = inject('stack');
  const port = await freePort();
  const own = join(folder, `redis-${port}`);
  mkdirSync(own, { recursive: true });
  const inside = (...names: string[]): string => join(own, ...names);
  const spec = redisSpec({ path: folder, logs, inside }, () => findRedis(silent), port);
  const name = `redis-${port}`;
  const part = new Part(
    { ...spec, name },
    { progress: silent, restarts: false, onGivenUp: () => undefined },
  );
  await part.start();
  return { url: `redis://127.0.0.1:${port}`, part };
}
