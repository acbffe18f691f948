/**
 * The alert rules and dashboards in the chart are those of deploy/prometheus and deploy/grafana,
 * and each series gets the name of its job that they ask for.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { ROOT } from '../image-files.ts';
import { podsOf, type KubeObject } from '../objects.ts';

const ALERTS = join(ROOT, 'deploy/prometheus/alerts');
const DASHBOARDS = join(ROOT, 'deploy/grafana/dashboards');
const groupsSchema = z.object({ groups: z.array(z.unknown()) });
const monitorSchema = z.looseObject({ jobLabel: z.string() });

export function monitoringProblems(objects: readonly KubeObject[]): string[] {
  return [...ruleProblems(objects), ...dashboardProblems(objects), ...jobProblems(objects)];
}

function ruleProblems(objects: readonly KubeObject[]): string[] {
  const wanted = filesOf(ALERTS).flatMap((text) => groupsSchema.parse(parse(text)).groups);
  const rules = objects.filter(({ kind }) => kind === 'PrometheusRule');
  const found = rules.flatMap(({ spec }) => spec?.groups ?? []);
  return isDeepStrictEqual(found, wanted) ? [] : ['PrometheusRule: is not deploy/prometheus'];
}

function dashboardProblems(objects: readonly KubeObject[]): string[] {
  const found = objects
    .filter(({ metadata }) => metadata.labels['grafana_dashboard'] !== undefined)
    .flatMap(({ data = {} }) => Object.values(data));
  const wanted = filesOf(DASHBOARDS);
  return isDeepStrictEqual(found.toSorted(), wanted.toSorted())
    ? []
    : ['ConfigMap: the dashboards are not those of deploy/grafana'];
}

function jobProblems(objects: readonly KubeObject[]): string[] {
  const monitor = objects.find(({ kind }) => kind === 'ServiceMonitor');
  if (monitor === undefined) return ['ServiceMonitor: there is none'];
  const { jobLabel } = monitorSchema.parse(monitor.spec);
  const jobs = podsOf(objects).map(({ labels }) => labels[jobLabel]);
  return ['command-svc', 'query-svc', 'projector-svc']
    .filter((job) => !jobs.includes(job))
    .map((job) => `ServiceMonitor: no pod has ${jobLabel}=${job}`);
}

function filesOf(folder: string): string[] {
  const names = readdirSync(folder).toSorted();
  return names.map((name) => readFileSync(join(folder, name), 'utf8'));
}
