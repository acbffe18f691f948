/**
 * A real Prometheus that scrapes a mesh by deploy/prometheus/prometheus.yml: the jobs and rules of
 * that file, with the mesh's own addresses and a scrape a second. Without its pictures: what is
 * asked of it is its API.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { newLogFile } from '#deploy/local/log-files.ts';
import type { Mesh } from '#deploy/local/mesh.ts';
import type { PartSpec } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { filesIn, PROMETHEUS_FOLDER } from './alert-rules.ts';
import { findPrometheus } from './prometheus-binary.ts';

const EVERY = '1s';
const READY_TIMEOUT_MS = 30_000;
const GRACE_MS = 5_000;

const configSchema = z.looseObject({
  global: z.object({ scrape_interval: z.string(), evaluation_interval: z.string() }),
  rule_files: z.array(z.string()),
  scrape_configs: z.array(
    z.object({ job_name: z.enum(['command-svc', 'query-svc', 'projector-svc']) }),
  ),
});

/** Answers where it listens. It ends with the mesh. */
export async function startPrometheus(mesh: Mesh): Promise<string> {
  const port = await freePort();
  const part = mesh.stack.newPart(await specOf(mesh, port));
  mesh.stack.closers.add('prometheus', () => part.stop());
  await part.start();
  return `http://127.0.0.1:${port}`;
}

async function specOf({ stack, metrics }: Mesh, port: number): Promise<PartSpec> {
  const { prometheus } = await findPrometheus(progressLines);
  const cwd = stack.folder.inside('prometheus');
  const config = join(cwd, 'prometheus.yml');
  await mkdir(cwd, { recursive: true });
  await writeFile(config, await configOf(metrics));
  return {
    name: 'prometheus',
    command: async () => ({
      file: prometheus,
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(cwd, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--log.level=warn',
      ],
      cwd,
    }),
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).ok,
    readyTimeoutMs: READY_TIMEOUT_MS,
    stopSignal: 'SIGTERM',
    graceMs: GRACE_MS,
    logFile: newLogFile(stack.folder.logs, 'prometheus'),
  };
}

async function configOf(metrics: Mesh['metrics']): Promise<string> {
  const text = await readFile(join(PROMETHEUS_FOLDER, 'prometheus.yml'), 'utf8');
  const config = configSchema.parse(parse(text));
  const targets = {
    'command-svc': metrics.command,
    'query-svc': metrics.query,
    'projector-svc': metrics.projector,
  };
  return stringify({
    ...config,
    global: { scrape_interval: EVERY, evaluation_interval: EVERY },
    rule_files: filesIn('alerts'),
    scrape_configs: config.scrape_configs.map(({ job_name: job }) => ({
      job_name: job,
      static_configs: [{ targets: targets[job] }],
    })),
  });
}
