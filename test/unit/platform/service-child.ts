/**
 * A service for the tests of its life: what it does at start, at work and at the end is told by
 * SERVICE_DOES.
 */
import { runService } from '#platform/lifecycle.ts';
import { createLogger } from '#platform/logger.ts';
import { announceReady } from '#platform/service-ready.ts';
import { sleep } from '#platform/waiting.ts';

const does = process.env['SERVICE_DOES'] ?? '';
const log = createLogger({ service: 'child', instance: 'child-1', level: 'info' });

await runService({
  name: 'child',
  log,
  graceMs: 1000,
  start: async (ctx) => {
    const keepAlive = setInterval(() => undefined, 1000);
    ctx.closers.add('timer', () => clearInterval(keepAlive));
    ctx.closers.add('pool', () => log.info('Pool closed.'));
    log.info('Starting.');
    if (does === 'throw at start') throw new Error('no such database');
    if (does === 'wait at start') await sleep(60_000, ctx.stopping);
    if (does === 'hang at close') ctx.closers.add('stuck', () => sleep(60_000));
    if (does === 'fail at close') ctx.closers.add('bad', () => Promise.reject(new Error('bad')));
    await announceReady(process.env, 'child', '127.0.0.1:1');
    log.info('Serving.');
    if (does === 'fail') ctx.fail('The consumer has crashed.', new Error('rebalance'));
    if (does === 'reject') void Promise.reject(new Error('nobody waits'));
    if (does === 'throw') setTimeout(() => throwNow(), 1);
  },
});

function throwNow(): void {
  throw new Error('nobody catches');
}
