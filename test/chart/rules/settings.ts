/**
 * The services take the settings that the chart gives them: each reads its rendered variables as it
 * does at its start, with files of an authority made for this in the place of the mounted ones. So
 * settings that exclude or need each other are found for every set of values.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAuthority } from '#deploy/local/certificate-authority.ts';
import { readTelemetrySettings } from '#platform/telemetry-settings.ts';
import { readConfig as readCommandConfig } from '../../../command-svc/config.ts';
import { readConfig as readConsoleConfig } from '../../../console-svc/config.ts';
import { readConfig as readProjectorConfig } from '../../../projector-svc/config.ts';
import { readConfig as readQueryConfig } from '../../../query-svc/config.ts';
import { podsOf, type Container, type KubeObject } from '../objects.ts';
import { nameOf } from './links.ts';

const READERS: Readonly<Record<string, (env: NodeJS.ProcessEnv) => unknown>> = {
  'command-svc/main.ts': readCommandConfig,
  'console-svc/main.ts': readConsoleConfig,
  'projector-svc/main.ts': readProjectorConfig,
  'query-svc/main.ts': readQueryConfig,
};
const SERVICES = ['command-svc/main.ts', 'projector-svc/main.ts', 'query-svc/main.ts'];
const MOUNTED = '/etc/bank/';
/** What Secrets hold; other keys are passwords. */
const SECRETS: Readonly<Record<string, string>> = {
  BANK_REDIS_URL: `rediss://bank:secret@redis.example:6379?ca_file=${MOUNTED}any/ca.crt`,
  BANK_CONNECT_URL: 'https://bank:secret@connect.example:8083',
};

/** `rendered`: each set of values with its objects. */
export async function settingsProblems(
  rendered: ReadonlyMap<string, readonly KubeObject[]>,
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'banking-es-settings-'));
  try {
    const files = await makeFiles();
    const problemsOf = (name: string, objects: readonly KubeObject[]): string[] => {
      const pods = podsOf(objects).flatMap(({ of, spec }) =>
        spec.containers.map((container) => ({ of, container })),
      );
      const read = pods.filter(({ container }) => READERS[container.args[0] ?? ''] !== undefined);
      const problems = read.flatMap(({ of, container }) => {
        const problem = problemOf(container, folder, files);
        return problem === undefined ? [] : [`${name}: ${nameOf(of)}: ${problem}`];
      });
      const started = read.map(({ container }) => container.args[0]);
      const isWhole = SERVICES.every((entry) => started.includes(entry));
      return isWhole ? problems : [`${name}: has not all three services`];
    };
    return [...rendered].flatMap(([name, objects]) => problemsOf(name, objects));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

type Files = Readonly<Record<string, string>>;

function problemOf(container: Container, folder: string, files: Files): string | undefined {
  for (const name of ['any', ...container.volumeMounts.map(({ name }) => name)]) {
    mkdirSync(join(folder, name), { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(join(folder, name, file), text);
    }
  }
  const env = container.env.map(({ name, value = SECRETS[name] ?? 'secret' }) => {
    return [name, value.replaceAll(MOUNTED, `${folder}/`)] as const;
  });
  try {
    const variables = Object.fromEntries(env);
    READERS[container.args[0] ?? '']?.(variables);
    readTelemetrySettings(variables);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function makeFiles(): Promise<Files> {
  const authority = await makeAuthority('of the chart check');
  const { certificate, key } = await authority.issue({
    commonName: 'bank',
    uri: [],
    dns: ['bank'],
  });
  return { 'ca.crt': authority.certificate, 'tls.crt': certificate, 'tls.key': key };
}
