/**
 * Wires console-svc: the client of the bank, the polls, the live streams, the listener. It serves
 * at once, whether the services are there or not: a page says which of them does not answer.
 * Everything that it opens is closed by the context, the streams first.
 */
import { readClientTls } from '#client/bank-access.ts';
import { createBankClient } from '#client/bank-client.ts';
import type { ServiceContext } from '#platform/lifecycle.ts';
import type { ConsoleConfig } from './config.ts';
import { listenHttp } from './http-listener.ts';
import { createLiveStreams } from './live-stream.ts';
import { answer, type Console } from './routes.ts';
import { createWatches } from './watches.ts';

/** Answers host:port. */
export async function serveConsole(
  config: ConsoleConfig,
  { closers, log, stopping }: Pick<ServiceContext, 'closers' | 'log' | 'stopping'>,
): Promise<string> {
  const { addresses, bankTls, asksForToken, callMs } = config;
  const tls = bankTls === undefined ? undefined : readClientTls(bankTls);
  // Without a token of its own: each call carries that of the person who looks.
  const bank = createBankClient(addresses, { tls });
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
