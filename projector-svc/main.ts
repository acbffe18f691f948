/**
 * projector-svc: brings the log into the projection and tells of it. The process;
 * start-projector.ts wires it.
 */
import { runService } from '#platform/lifecycle.ts';
import { createLogger } from '#platform/logger.ts';
import { announceReady } from '#platform/service-ready.ts';
import { settingsOrExit } from '#platform/settings-or-exit.ts';
import { startTelemetry } from '#platform/telemetry.ts';
import { readConfig } from './config.ts';
import { startProjector } from './start-projector.ts';

const NAME = 'projector-svc';

const config = settingsOrExit(readConfig);
const log = createLogger({ service: NAME, instance: config.instance, level: config.logLevel });
await runService({
  name: NAME,
  log,
  start: async (ctx) => {
    const telemetry = await startTelemetry({
      service: NAME,
      instance: config.instance,
      env: process.env,
    });
    ctx.closers.add('telemetry', telemetry.shutdown);
    const { metricsAddress } = telemetry;
    const address = await startProjector(config, ctx);
    await announceReady(process.env, NAME, address, metricsAddress);
    log.info('Serving.', { address, metricsAddress });
  },
});
