/** The console's client by files that are renewed: the new ones count, broken ones do not. */
import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BankClient } from '#client/bank-client.ts';
import {
  CLIENT_NAMES,
  openTlsGround,
  RELOAD_MS,
  type TlsGround,
} from '#test/support/tls-ground.ts';
import { until } from '#test/support/until.ts';
import { followBank } from '../../../console-svc/followed-bank.ts';

let ground: TlsGround;
let bank: BankClient | undefined;
const told: string[] = [];
const log = {
  info: (text: string) => void told.push(text),
  warn: (text: string) => void told.push(text),
};

beforeEach(async () => {
  ground = await openTlsGround();
  ground.write({ pair: ground.client });
  told.length = 0;
});
afterEach(() => {
  bank?.close();
  ground.close();
});

function follow(): BankClient {
  const { certFile, keyFile, reloadMs } = ground.tls;
  const local = ['127.0.0.1:1'];
  const addresses = { command: local, query: local, projector: local };
  const bankTls = { caFile: certFile, certFile, keyFile };
  const config = { addresses, bankTls, bankTlsReloadMs: reloadMs, streamAgeMaxMs: RELOAD_MS };
  bank = followBank(config, log);
  return bank;
}

test('a renewed certificate makes a new client, for all services', async () => {
  const followed = follow();
  const before = { ...followed };
  ground.write({ pair: await ground.authority.issue(CLIENT_NAMES) });
  await until('a new client', () => followed.queries !== before.queries);
  expect(followed.bulk).not.toBe(before.bulk);
  expect(followed.projector).not.toBe(before.projector);
  expect(told.at(-1)).toMatch('reached by the new files');
});

test('files that cannot be used are told once, and change nothing', async () => {
  const followed = follow();
  const before = followed.queries;
  writeFileSync(ground.tls.certFile, 'no certificate');
  await until('it is told', () => told.length > 0);
  expect(followed.queries).toBe(before);
  ground.write({ pair: await ground.authority.issue(CLIENT_NAMES) });
  await until('a new client', () => followed.queries !== before);
  expect(told.filter((text) => text.includes('cannot be used'))).toHaveLength(1);
});

test('files that cannot be used at the start end it', () => {
  writeFileSync(ground.tls.keyFile, 'no key');
  expect(() => follow()).toThrow('DECODER');
});
