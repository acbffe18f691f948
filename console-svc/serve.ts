/**
 * Wires console-svc: the client of the bank, the polls, the live streams, the listener. It serves
 * at once, whether the services are there or not: a page says which of them does not answer.
 * Everything that it opens is closed by the context, the streams first.
 */
import type { ServiceContext } from '#platform/lifecycle.ts';
import type { ConsoleConfig } from './config.ts';
import { followBank } from './followed-bank.ts';
import { listenHttp } from './http-listener.ts';
import { createLiveStreams } from './live-stream.ts';
import { answer, type Console } from './routes.ts';
import { createWatches } from './watches.ts';

/** Answers host:port. */
export async function serveConsole(
  config: ConsoleConfig,
  { closers, log, stopping }: Pick<ServiceContext, 'closers' | 'log' | 'stopping'>,
): Promise<string> {
  const { asksForToken, callMs } = config;
  const bank = followBank(config, log);
  closers.add('clients', () => bank.close());
  const watches = createWatches(config, log);
  closers.add('watches', () => watches.close());
  const streams = createLiveStreams(config);
  const console: Console = { bank, watches, streams, asksForToken, callMs, log, stopping };
  const listener = await listenHttp(
    config.listen,
    config.tls,
    (request, response) => void answer(console, request, response),
    log,
  );
  closers.add('listener', () => listener.drain(config.drainMs));
  closers.add('streams', () => streams.close());
  return listener.address;
}
