/**
 * `npm run test:tools`: has ready what tests run and is not installed with the project: grpcurl and
 * jq for the documents' calls, toxiproxy for the fault suite and kubeconform for the chart, which
 * Go builds, Helm's library, Prometheus, whose promtool tests the alert rules, the oldest Node that
 * the published client must run on, and a browser. A step of its own before the steps that use
 * them, since the first time on a machine it takes minutes.
 */
import { errorText } from '#deploy/error-text.ts';
import { findCallTools } from '#deploy/local/call-tools.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { findHelmJars, findKubeconform } from '#test/chart/chart-tools.ts';
import { findPrometheus } from '#test/dashboards/prometheus-binary.ts';
import { findToxiproxy } from '#test/faults/mesh/toxiproxy-binary.ts';
import { findChromium } from '#test/support/chromium-binary.ts';
import { findNode22 } from '#test/support/node-22.ts';

const TOOLS = [
  ['grpcurl', async () => (await findCallTools(progressLines)).join(', ')],
  ['toxiproxy', () => findToxiproxy(progressLines)],
  ['helm', () => findHelmJars(progressLines)],
  ['kubeconform', () => findKubeconform(progressLines)],
  ['promtool', async () => (await findPrometheus(progressLines)).promtool],
  ['node 22', () => findNode22(progressLines)],
  ['chromium', async () => (await findChromium(progressLines)).path],
] as const;

try {
  for (const [name, find] of TOOLS) console.info(`${name} is in ${await find()}`);
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
