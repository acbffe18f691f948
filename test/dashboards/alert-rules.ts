/** The alert rules of deploy/prometheus and their tests, as their files have them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export const PROMETHEUS_FOLDER = fileURLToPath(
  new URL('../../deploy/prometheus/', import.meta.url),
);

const ruleSchema = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.strictObject({ severity: z.enum(['warning', 'critical']) }),
  annotations: z.strictObject({ summary: z.string(), runbook_url: z.string() }),
});
const rulesSchema = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), rules: z.array(ruleSchema) })),
});
const expectationSchema = z.object({
  alertname: z.string(),
  exp_alerts: z.array(z.unknown()).default([]),
});
const testsSchema = z.object({
  tests: z.array(z.object({ alert_rule_test: z.array(expectationSchema) })),
});

export type AlertRule = z.infer<typeof ruleSchema>;

/** Whether it is expected to fire. */
export type AlertExpectation = { readonly alert: string; readonly fires: boolean };

export function readAlertRules(): AlertRule[] {
  return contentsOf('alerts').flatMap((content) =>
    rulesSchema.parse(content).groups.flatMap(({ rules }) => rules),
  );
}

export function readAlertExpectations(): AlertExpectation[] {
  return contentsOf('tests').flatMap((content) =>
    testsSchema
      .parse(content)
      .tests.flatMap((test) => test.alert_rule_test)
      .map((one) => ({ alert: one.alertname, fires: one.exp_alerts.length > 0 })),
  );
}

export function filesIn(folder: 'alerts' | 'tests'): string[] {
  const path = join(PROMETHEUS_FOLDER, folder);
  return readdirSync(path)
    .toSorted()
    .map((name) => join(path, name));
}

function contentsOf(folder: 'alerts' | 'tests'): unknown[] {
  return filesIn(folder).map((path): unknown => parse(readFileSync(path, 'utf8')));
}
