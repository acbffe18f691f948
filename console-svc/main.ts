/**
 * console-svc, the operator's page, as a process: settings from the environment, telemetry, the
 * service.
 */
import { createLogger } from '#platform/logger.ts';
import { runService } from '#platform/lifecycle.ts';
import { announceReady } from '#platform/service-ready.ts';
import { settingsOrExit } from '#platform/settings-or-exit.ts';
import { startTelemetry } from '#platform/telemetry.ts';
import { readConfig } from './config.ts';
import { serveConsole } from './serve.ts';

const NAME = 'console-svc';

const config = settingsOrExit(readConfig);
const { instance, logLevel } = config;
await runService({
  name: NAME,
  log: createLogger({ service: NAME, instance, level: logLevel }),
  start: async (context) => {
    const telemetry = await startTelemetry({ service: NAME, instance, env: process.env });
    const { metricsAddress } = telemetry;
    context.closers.add('telemetry', telemetry.shutdown);
    const address = await serveConsole(config, context);
    await announceReady(process.env, NAME, address, metricsAddress);
    context.log.info('Serving.', { address, metricsAddress });
  },
});
