/**
 * Certificates that are replaced while a listener works: under load, to those of another authority,
 * without a failed call; and badly, by files that do not fit each other.
 */
import { X509Certificate } from 'node:crypto';
import { status, type ChannelCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeAuthority, type KeyPair } from '#deploy/local/certificate-authority.ts';
import { createLogger, type Logger } from '#platform/logger.ts';
import { counter } from '#platform/telemetry.ts';
import { GET, START, openLimitedServer, type LimitedServer } from '#test/support/limited-server.ts';
import {
  CLIENT_NAMES,
  SERVER_NAMES,
  openTlsGround,
  type TlsGround,
} from '#test/support/tls-ground.ts';
import { handshakeOf, shake } from '#test/support/tls-handshake.ts';
import { until } from '#test/support/until.ts';

const NOTHING = Buffer.alloc(0);
let ground: TlsGround;
let server: LimitedServer;

beforeEach(async () => {
  ground = await openTlsGround();
});
afterEach(async () => {
  await server.close();
  ground.close();
});

async function serve(log?: Logger): Promise<void> {
  const { tls } = ground;
  server = await openLimitedServer({}, { tls, ...(log === undefined ? {} : { log }) });
}

const callAs = (secured: ChannelCredentials) =>
  server.connect({}, secured).call(GET, NOTHING, { options: { deadline: Date.now() + 5_000 } });

test('new certificates count for new connections, and no call fails, running or new', async () => {
  await serve();
  const next = await makeAuthority('the next authority');
  const [pair, client] = await Promise.all([next.issue(SERVER_NAMES), next.issue(CLIENT_NAMES)]);
  const both = `${ground.authority.certificate}${next.certificate}`;
  const running = server.connect({}, ground.credentials()).call(START, WAITING);
  await until('it is handled', () => server.handled.length === 1);
  const old = server.connect({}, ground.credentials());
  const load = startLoad(old, () => ground.credentials(ground.client, both));

  ground.write({ ca: both, pair });
  await until('the new one is shown', async () => (await shown(both)) === prints(pair));
  await load.more(50);
  // A ticket of this session is of no use once its authority is gone.
  const { session } = await handshakeOf(server.address, ground, { ca: both });
  const again = { ca: both, ...(session && { session }) };
  expect(await handshakeOf(server.address, ground, again)).toMatchObject({ isResumed: true });
  ground.write({ ca: next.certificate });
  const isOut = async (): Promise<boolean> =>
    (await callAs(ground.credentials(ground.client, both))).code !== status.OK;
  load.onlyOld();
  await until('the old client is refused', isOut);
  await load.more(50);
  expect(await load.end()).toEqual([]);
  server.release();
  expect((await running).code).toBe(status.OK);
  expect(await shake(server.address, ground, again)).not.toBe('TLSv1.3');
  const renewed = await callAs(ground.credentials(client, next.certificate));
  expect(renewed.code).toBe(status.OK);
});

test('that fit nothing are told, the old one stays; then the right one counts', async () => {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLogger({ service: 's', instance: 'i', level: 'info', write });
  await serve(log);
  const reloads = counter('bank.tls.reloads', '', '1');
  const before = reloads.total();
  const [one, other] = await Promise.all([
    ground.authority.issue(SERVER_NAMES),
    ground.authority.issue(SERVER_NAMES),
  ]);
  ground.write({ pair: { certificate: one.certificate, key: other.key } });
  await until('it is told', () => lines.some((line) => line.includes('the old one stays')));
  expect(lines.join('')).toContain('BANK_TLS_KEY_FILE');
  expect(lines.join('')).not.toContain('PRIVATE KEY');
  expect(reloads.total() - before).toBe(1);
  expect(await shown()).toBe(prints(ground.server));
  ground.write({ pair: one });
  await until('the right one is shown', async () => (await shown()) === prints(one));
  expect(lines.filter((line) => line.includes('the old one stays'))).toHaveLength(1);
});

const WAITING = { holder: 'waits', reason: '1' };

function prints({ certificate }: KeyPair): string {
  return new X509Certificate(certificate).fingerprint256;
}

/** The certificate that a new connection is shown. */
async function shown(ca = ground.authority.certificate): Promise<string> {
  return (await handshakeOf(server.address, ground, { ca })).fingerprint256;
}

/** Calls without a pause: on a connection that stays, and on new ones. Tells of what failed. */
function startLoad(old: ReturnType<LimitedServer['connect']>, secured: () => ChannelCredentials) {
  const failed: string[] = [];
  let calls = 0;
  const over = new AbortController();
  const onlyOld = new AbortController();
  const note = ({ code, message }: { code: status; message: string }): void => {
    calls += 1;
    if (code !== status.OK) failed.push(`${code} ${message}`);
  };
  const onOld = async (): Promise<void> => {
    while (!over.signal.aborted) note(await old.call(GET, NOTHING));
  };
  const onNew = async (): Promise<void> => {
    while (!over.signal.aborted && !onlyOld.signal.aborted) note(await callAs(secured()));
  };
  const running = Promise.all([onOld(), onOld(), onNew()]);
  return {
    more: (count: number) => {
      const enough = calls + count;
      return until('more calls', () => calls >= enough);
    },
    onlyOld: () => onlyOld.abort(),
    end: async () => {
      over.abort();
      await running;
      return failed;
    },
  };
}
