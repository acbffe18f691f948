/**
 * `npm run test:tools`: has ready what tests run and is not installed with the project: grpcurl and
 * jq for the documents' calls and toxiproxy for the fault suite, which Go builds, Prometheus, whose
 * promtool tests the alert rules, and the oldest Node that the published client must run on. A step
 * of its own before the steps that use them, since the first time on a machine it takes minutes.
 */
import { errorText } from '#deploy/error-text.ts';
import { findCallTools } from '#deploy/local/call-tools.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { findPrometheus } from '#test/dashboards/prometheus-binary.ts';
import { findToxiproxy } from '#test/faults/mesh/toxiproxy-binary.ts';
import { findNode22 } from '#test/support/node-22.ts';

try {
  const folders = await findCallTools(progressLines);
  const toxiproxy = await findToxiproxy(progressLines);
  const { promtool } = await findPrometheus(progressLines);
  const node22 = await findNode22(progressLines);
  console.info(`grpcurl is in ${folders.join(', ')}; toxiproxy is ${toxiproxy}`);
  console.info(`promtool is ${promtool}; Node 22 is ${node22}`);
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
