/**
 * The client of the bank, made anew when the files of its TLS change: a renewed certificate counts
 * without a restart. Calls take the newest client; the one of before is closed when no call of it
 * can be left. Files that cannot be used leave the client that there is, with a line in the log.
 */
import { isDeepStrictEqual } from 'node:util';
import { readClientTls } from '#client/bank-access.ts';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import type { Logger } from '#platform/logger.ts';
import type { ConsoleConfig } from './config.ts';

type FollowedConfig = Pick<
  ConsoleConfig,
  'addresses' | 'bankTls' | 'bankTlsReloadMs' | 'streamAgeMaxMs'
>;

/** Throws where the files cannot be used at the start. */
export function followBank(config: FollowedConfig, log: Pick<Logger, 'info' | 'warn'>): BankClient {
  const { addresses, bankTls, bankTlsReloadMs, streamAgeMaxMs } = config;
  const read = () => (bankTls === undefined ? undefined : readClientTls(bankTls));
  // Without a token of its own: each call carries that of the person who looks.
  const made = (tls: ReturnType<typeof read>) => createBankClient(addresses, { tls });
  const retired = new Map<BankClient, NodeJS.Timeout>();
  let tls = read();
  let newest = made(tls);
  let toldWrong = '';
  const retire = (client: BankClient): void => {
    const timer = setTimeout(() => {
      retired.delete(client);
      client.close();
    }, streamAgeMaxMs);
    retired.set(client, timer.unref());
  };
  const look = (): void => {
    try {
      const now = read();
      if (isDeepStrictEqual(now, tls)) return;
      const next = made(now);
      retire(newest);
      [newest, tls, toldWrong] = [next, now, ''];
      log.info('the services are reached by the new files of BANK_CLIENT_*');
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (why === toldWrong) return;
      toldWrong = why;
      log.warn('the files of BANK_CLIENT_* cannot be used: those of before stay', { error });
    }
  };
  const timer = bankTls === undefined ? undefined : setInterval(look, bankTlsReloadMs).unref();
  return {
    get accounts() {
      return newest.accounts;
    },
    get bulk() {
      return newest.bulk;
    },
    get bulkMode() {
      return newest.bulkMode;
    },
    get eventLog() {
      return newest.eventLog;
    },
    get queries() {
      return newest.queries;
    },
    get projector() {
      return newest.projector;
    },
    close: () => {
      clearInterval(timer);
      for (const [client, waiting] of retired) {
        clearTimeout(waiting);
        client.close();
      }
      newest.close();
    },
  };
}
