/**
 * The chart with values-dev.yaml, its containers run as processes: each with the image's files and
 * production packages alone, the image's entrypoint, and the chart's arguments, variables and
 * files. So the variables that the chart writes are those that start the services: with TLS and
 * client certificates made by Helm, the probes' own commands, the setup job, and `helm test`.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Part } from '#deploy/local/part.ts';
import { freePort } from '#deploy/local/ports.ts';
import { silent } from '#deploy/local/progress.ts';
import { EVENT_STORE, PROJECTION_STORE } from '#deploy/local/stack.ts';
import { makeImageFolder } from '#test/chart/image-folder.ts';
import { parseObjects, podsOf, type Pod } from '#test/chart/objects.ts';
import { runInPod, startPod, type Cluster } from '#test/chart/pod-processes.ts';
import { CHART, renderChart } from '#test/chart/render-chart.ts';
import { compileCache } from '#test/support/mesh.ts';
import { databaseUrl, type StackFacts } from '#test/support/stack-facts.ts';

const SERVICES = { command: 50_051, query: 50_052, projector: 50_053 };
const NAME = 'bank-banking-es';

describe('the containers of the chart', () => {
  let cluster: Cluster;
  const services: Part[] = [];
  beforeAll(async () => {
    cluster = await openCluster(inject('stack'));
  });
  afterAll(async () => {
    await Promise.all(services.map((part) => part.stop()));
    rmSync(cluster.folder, { recursive: true });
  });

  test('set the stores up, serve, and take a deposit', async () => {
    // Side by side, as with values-dev.yaml, whose databases are no older than the services.
    const started = Object.keys(SERVICES).map((name) =>
      startPod(cluster, podOf(cluster, `${name}-svc`)).then((part) => services.push(part)),
    );
    const [setup] = await Promise.all([runInPod(cluster, podOf(cluster, 'setup')), ...started]);
    expect(setup.stdout).toContain('everything is set up');

    const deposit = await runInPod(cluster, podOf(cluster, 'test'));
    expect(deposit.stdout).toContain('1250 cents deposited, and read at 2');
  });

  test('are healthy by the image and by the liveness probe', async () => {
    const pod = podOf(cluster, 'query-svc');
    await runInPod(cluster, pod, cluster.image.healthcheck);
    await runInPod(cluster, pod, pod.spec.containers[0]?.livenessProbe?.exec?.command);
  });

  test('end by SIGTERM before the pod is killed', async () => {
    for (const part of services) {
      expect(part.state).toBe('running');
      await part.stop();
    }
    const pod = podOf(cluster, 'command-svc');
    await expect(runInPod(cluster, pod, cluster.image.healthcheck)).rejects.toThrow('ended with 1');
  });
});

function podOf({ objects }: Cluster, component: string): Pod {
  const pod = podsOf(objects).find(
    ({ labels }) => labels['app.kubernetes.io/component'] === component,
  );
  if (pod === undefined) throw new Error(`the chart has no ${component}`);
  return pod;
}

async function openCluster(stack: StackFacts): Promise<Cluster> {
  const folder = join(stack.folder, 'containers');
  const rendered = await renderChart({ dev: [`${CHART}values-dev.yaml`] }, silent);
  const dev = rendered.get('dev');
  if (dev === undefined || 'refusal' in dev) throw new Error(dev?.refusal);
  const image = await makeImageFolder(join(folder, 'app'));
  return {
    image: { ...image, env: { ...image.env, ...compileCache(stack) } },
    folder,
    objects: parseObjects(dev.text),
    secrets: secretsOf(stack),
    places: await placesOf(stack),
  };
}

/** The stack's own passwords. */
function secretsOf(stack: StackFacts): Record<string, string> {
  const { passwords, postgres } = stack;
  return {
    BANK_COMMAND_PASSWORD: passwords.bank_command,
    BANK_PROJECTOR_PASSWORD: passwords.bank_projector,
    BANK_QUERY_PASSWORD: passwords.bank_query,
    BANK_CDC_PASSWORD: passwords.bank_cdc,
    BANK_REDIS_URL: stack.redisUrl,
    BANK_ADMIN_EVENT_STORE_URL: databaseUrl(stack, 'postgres', EVENT_STORE, postgres),
    BANK_ADMIN_PROJECTION_STORE_URL: databaseUrl(stack, 'postgres', PROJECTION_STORE, postgres),
  };
}

/** Where the cluster's names are on this machine; the certificate is good for both. */
async function placesOf(stack: StackFacts): Promise<Record<string, string>> {
  const { postgres, kafkaBrokers, connectUrl } = stack;
  const places: Record<string, string> = {
    [`${NAME}-dev-postgres:5432`]: `${postgres.host}:${postgres.port}`,
    [`${NAME}-dev-kafka:9092`]: kafkaBrokers.join(','),
    [`http://${NAME}-connect.ledger.svc:8083`]: connectUrl,
  };
  for (const [service, port] of Object.entries(SERVICES)) {
    const free = await freePort();
    places[`0.0.0.0:${port}`] = `0.0.0.0:${free}`;
    places[`${NAME}-${service}.ledger.svc:${port}`] = `127.0.0.1:${free}`;
  }
  return places;
}
