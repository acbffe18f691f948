/**
 * Every query of the dashboards, and everything that the alert rules ask for, put to a Prometheus:
 * answers what has brought nothing, in lines for a person. A selector in a query is asked for
 * itself as well, so that what is put in its place (0, another selector) hides nothing. What is
 * there only after something went wrong (isQuiet) may be missing.
 */
import { PAGES } from '#deploy/grafana/pages.ts';
import type { Query } from '#deploy/grafana/panel.ts';
import { readAlertRules } from './alert-rules.ts';
import { selectorsIn, withWindow } from './promql.ts';
import { alertsDuring, bringsData, ruleStates, type Span } from './prometheus-api.ts';

/** A few scrapes of a second. */
const WINDOW = '10s';

type Say = (line: string) => void;

export async function askPanels(url: string, span: Span, say: Say): Promise<string[]> {
  const silent: string[] = [];
  for (const page of PAGES) {
    const panels = page.rows.flatMap((row) => row.panels);
    for (const { title, queries } of panels) {
      for (const text of queries.flatMap(askedBy)) {
        if (!(await bringsData(url, text, span))) silent.push(`${page.title}, ${title}: ${text}`);
      }
    }
    const count = panels.flatMap(({ queries }) => queries).length;
    say(`${page.title}: ${panels.length} panels, ${count} queries`);
  }
  return silent;
}

function askedBy({ expr, isQuiet }: Query): string[] {
  const query = withWindow(expr, WINDOW);
  return isQuiet === true ? [query] : [query, ...selectorsIn(query).map(({ text }) => text)];
}

export async function askAlerts(url: string, span: Span, say: Say): Promise<string[]> {
  const rules = readAlertRules();
  const states = await ruleStates(url);
  const problems: string[] = [];
  for (const { alert, expr } of rules) {
    const state = states.find(({ name }) => name === alert);
    if (state?.health !== 'ok') {
      problems.push(
        `${alert} is not evaluated: ${state?.lastError ?? state?.health ?? 'not there'}`,
      );
    }
    for (const { name, text } of selectorsIn(expr)) {
      if (QUIET_NAMES.has(name)) continue;
      const asked = QUIET_LABELS.has(alert) ? name : text;
      if (!(await bringsData(url, asked, span))) problems.push(`${alert}: ${asked}`);
    }
  }
  const fired = await alertsDuring(url, 'firing', span);
  problems.push(...fired.map((alert) => `${alert} has fired`));
  const pending = await alertsDuring(url, 'pending', span);
  say(`would have fired if it had stayed so: ${pending.join(', ') || 'none'}`);
  say(`alerts: ${rules.length} rules, ${states.length} known to Prometheus`);
  return problems;
}

/** What they select by labels is there only when something goes wrong. */
const QUIET_LABELS = new Set(['BankCallersUnknown', 'BankCallsFail', 'BankItemsFail']);

/** On no page, and not there in a bank where nothing goes wrong. */
const FAILURES = [
  'bank_command_checkpoints_total',
  'bank_projector_unreadable_texts_total',
  'bank_tls_reloads_total',
];

const QUIET_NAMES = new Set([
  ...FAILURES,
  ...PAGES.flatMap(({ rows }) => rows)
    .flatMap(({ panels }) => panels)
    .flatMap(({ queries }) => queries)
    .filter(({ isQuiet }) => isQuiet === true)
    .flatMap(({ expr }) => selectorsIn(withWindow(expr, WINDOW)).map(({ name }) => name)),
]);
