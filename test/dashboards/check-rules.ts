/**
 * npm run check:alerts: promtool over deploy/prometheus: the configuration and the rules are right,
 * and each rule does what its tests say. A step of CI, behind the one that fetches promtool.
 */
import { join } from 'node:path';
import { errorText } from '#deploy/error-text.ts';
import { progressLines } from '#deploy/local/progress.ts';
import { runTool } from '#deploy/local/run-tool.ts';
import { filesIn, PROMETHEUS_FOLDER } from './alert-rules.ts';
import { findPrometheus } from './prometheus-binary.ts';

const TIMEOUT_MS = 60_000;

try {
  const { promtool } = await findPrometheus(progressLines);
  const run = async (...args: string[]): Promise<void> => {
    const options = { timeoutMs: TIMEOUT_MS, missing: `${promtool} is gone` };
    const { stdout } = await runTool(promtool, args, options);
    console.info(stdout.trim());
  };
  await run('check', 'config', join(PROMETHEUS_FOLDER, 'prometheus.yml'));
  await run('test', 'rules', ...filesIn('tests'));
} catch (error) {
  console.error(errorText(error));
  process.exitCode = 1;
}
