/**
 * A whole mesh by TLS, certificates and passwords: a payroll goes its whole way, every record by
 * Debezium and Kafka, while command-svc's certificate is replaced; and each part turns away who
 * comes in plaintext, without a certificate or with a wrong password.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { status } from '@grpc/grpc-js';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askStatus } from '#client/cli/ask-status.ts';
import { readAccess, readClientTls, type ClientTls } from '#client/bank-access.ts';
import { createBankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { makeAuthority, type KeyPair } from '#deploy/local/certificate-authority.ts';
import type { SecureGround } from '#deploy/local/secure-ground.ts';
import { operatorFiles, toolVariables, type OperatorFiles } from '#deploy/local/secure-services.ts';
import { callHttp } from '#platform/http-call.ts';
import { createKafka } from '#platform/kafka.ts';
import { postgresConnection } from '#platform/postgres-connection.ts';
import { redisConnection } from '#platform/redis-connection.ts';
import { faultOf, openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openOwnMesh, type OwnMesh } from '#test/support/own-mesh.ts';
import { makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { tablesWith } from '#test/support/sealed-bank.ts';
import { shownTo } from '#test/support/shown-certificate.ts';
import { until } from '#test/support/until.ts';

const NAMES = { commonName: 'command', dns: ['localhost'], ip: ['127.0.0.1'] };
const START_TIMEOUT_MS = 180_000;

describe('a secure mesh', () => {
  let mesh: OwnMesh;
  let ground: SecureGround;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    const reload = { BANK_TLS_RELOAD_MS: '50' };
    const serviceEnv = { command: reload, query: reload, projector: reload };
    mesh = await openOwnMesh({ secure: true, serviceEnv });
    if (mesh.stack.ground === undefined) throw new Error('it is not secure');
    ground = mesh.stack.ground;
  }, START_TIMEOUT_MS);
  afterAll(() => mesh.stop());

  test('carries a payroll while a certificate is replaced, and no call fails', async () => {
    const { client } = mesh;
    const payroll = makePayroll(random, { accounts: 100, items: 4_000, dirt: 0.02 });
    await openAccounts(client, payroll);
    const pair = await ground.authority.issue(NAMES);
    const [accountId = ''] = payroll.accounts.map((one) => one.accountId);
    const over = new AbortController();
    const reading = (async () => {
      const read = client.queries.getAccount.bind(client.queries);
      while (!over.signal.aborted) await unaryCall(read, { accountId, minVersion: 1n });
    })();
    const sending = sendDeposits(client, {
      ...payroll,
      beforeMessage: async (firstIndex = 0) => {
        if (firstIndex !== 2_000) return;
        replace(pair);
        const fingerprint = new X509Certificate(pair.certificate).fingerprint256;
        await until(
          'it is shown',
          async () => (await shownTo(command(), operator())) === fingerprint,
        );
      },
    });
    await sending.finally(() => over.abort());
    await reading;
    const feed = await readFeed(client, payroll.submissionId);
    const acknowledgements = new Map([[payroll.submissionId, feed]]);
    const { stores } = mesh;
    await checkLedger({ stores, seed, payrolls: [payroll], acknowledgements, filledBefore: 0n });
    const sealed = await tablesWith(stores.eventStore, 'salary');
    expect(sealed, 'texts of the log are sealed').toEqual([]);
    const accepted = payroll.items.flatMap((item, n) => (item.outcome === 'accepted' ? [n] : []));
    const { rows } = await stores.projectionStore.query<{ reference: string }>(
      'select reference from entries where submission_id = $1 order by item_index',
      [payroll.submissionId],
    );
    const references = accepted.map((n) => payroll.items[n]?.reference);
    expect(rows.map(({ reference }) => reference)).toEqual(references);
    const status = () => askStatus(mesh.addresses, readAccess(operatorFiles(ground)));
    await until('all is well', async () => (await status()).state === 'ok');
  });

  test('its services let nobody in without a certificate of its authority', async () => {
    const stranger = await (await makeAuthority('bank local authority')).issue(NAMES);
    const ca = ground.authority.certificate;
    const ways = [
      undefined,
      { ca },
      { ca, cert: stranger.certificate, key: stranger.key },
    ] satisfies (ClientTls | undefined)[];
    for (const tls of ways) {
      const { replicas } = await askStatus(mesh.addresses, { tls });
      expect(replicas.map(({ serves }) => serves)).toEqual([false, false, false]);
      const client = createBankClient(mesh.addresses, { tls });
      const read = client.bulk.getSubmission.bind(client.bulk);
      const asked = unaryCall(read, { submissionId: 'a' }, { deadlineMs: 2_000 });
      expect([status.UNAVAILABLE, status.DEADLINE_EXCEEDED]).toContain((await faultOf(asked)).code);
      client.close();
    }
  });

  test('its services do nothing for who has a certificate and no token', async () => {
    const client = createBankClient(mesh.addresses, { tls: operator() });
    const { queries, bulk, projector } = client;
    const asked = [
      unaryCall(bulk.getSubmission.bind(bulk), { submissionId: 'a' }),
      unaryCall(queries.getAccount.bind(queries), { accountId: 'a', minVersion: 0n }),
      unaryCall(projector.getProjectionStatus.bind(projector), {}),
    ];
    for (const { code } of await Promise.all(asked.map(faultOf))) {
      expect(code).toBe(status.UNAUTHENTICATED);
    }
    client.close();
  });

  test('its events are verified by who has a certificate and a token', async () => {
    const [address = ''] = mesh.addresses.command;
    const { exitCode, output } = await opsVerify(address, operatorFiles(ground));
    expect(output).toMatch(/^verified [\d,]+ events, [\d,]+ accounts, 0 findings/m);
    expect(exitCode).toBe(0);
    const stranger = await opsVerify(address, undefined);
    expect(stranger.output).toContain(`nothing answers on ${address}`);
    expect(stranger.exitCode).toBe(2);
  });

  test('PostgreSQL takes no plaintext', async () => {
    const { connectionString } = postgresConnection(mesh.stack.eventStoreUrl);
    const client = new pg.Client({ connectionString, ssl: false });
    client.on('error', () => undefined);
    await expect(client.connect()).rejects.toThrow('no pg_hba.conf entry');
  });

  test('PostgreSQL lets no role that reads the slot copy the server', async () => {
    for (const role of ['bank_cdc', 'bank_projector'] as const) {
      const connection = postgresConnection(mesh.stack.postgresUrl(role, 'event_store'));
      const options = { ...connection, replication: 'true' };
      const client = new pg.Client(options);
      client.on('error', () => undefined);
      await expect(client.connect()).rejects.toThrow('no pg_hba.conf entry for replication');
    }
  });

  test('Redis takes its users only, and no command that is not theirs', async () => {
    const open = (change: (url: URL) => unknown = () => undefined): Redis => {
      const address = new URL(mesh.stack.redisUrl);
      change(address);
      const { url, tls } = redisConnection(address.href);
      const redis = new Redis(url, { ...tls, lazyConnect: true, retryStrategy: () => null });
      redis.on('error', () => undefined);
      return redis;
    };
    const user = open();
    await user.connect();
    await user.set('bank:balance:test', '1', 'PX', 10);
    await expect(user.set('other', '1')).rejects.toThrow('NOPERM');
    await expect(user.flushall()).rejects.toThrow('NOPERM');
    await expect(user.config('GET', '*')).rejects.toThrow('NOPERM');
    await expect(user.call('AUTH', 'bank_command', 'wrong')).rejects.toThrow('WRONGPASS');
    await expect(user.call('AUTH', 'default', '')).rejects.toThrow('WRONGPASS');
    const refused = [
      [/NOAUTH|closed/, open((url) => (url.username = url.password = ''))],
      [/closed/, open((url) => (url.protocol = 'redis:'))],
    ] as const;
    for (const [why, one] of refused) {
      await expect(one.connect().then(() => one.get('bank:balance:test'))).rejects.toThrow(why);
      one.disconnect();
    }
    user.disconnect();
  });

  test('Kafka takes no plaintext, and no wrong password', async () => {
    const { kafkaBrokers, kafkaSecurity } = mesh.stack;
    const sasl = { mechanism: 'scram-sha-512', username: 'bank_setup', password: 'wrong' } as const;
    const ways = [
      [/timeout|closed|disconnect/i, {}],
      [/authentication failed/i, { ...kafkaSecurity, sasl }],
    ] as const;
    for (const [why, security] of ways) {
      const options = { retries: 0, security };
      const admin = createKafka(kafkaBrokers, 'stranger', undefined, options).admin();
      await expect(admin.connect()).rejects.toThrow(why);
      await admin.disconnect();
    }
  });

  test('Connect answers nobody without a certificate', async () => {
    const url = new URL(mesh.stack.connectUrl);
    const ask = (base: URL) =>
      callHttp(base.href, '/connectors', { method: 'GET', signal: soon() });
    expect(await ask(url)).toMatchObject({ ok: true, text: '["bank-outbox"]' });
    url.searchParams.delete('cert_file');
    url.searchParams.delete('key_file');
    await expect(ask(url)).rejects.toThrow('fetch failed');
    url.protocol = 'http:';
    await expect(ask(url)).rejects.toThrow('fetch failed');
  });

  function operator(): ClientTls {
    return readClientTls(operatorFiles(ground) ?? {});
  }

  function command(): string {
    return mesh.addresses.command[0] ?? '';
  }

  function replace({ certificate, key }: KeyPair): void {
    const { certFile, keyFile } = ground.pairs.command;
    const files = [
      [certFile, certificate],
      [keyFile, key],
    ] as const;
    for (const [file, text] of files) {
      writeFileSync(`${file}.new`, text, { mode: 0o600 });
      renameSync(`${file}.new`, file);
    }
  }
});

/** npm run ops -- verify, with what `npm start -- --secure` says to export. */
function opsVerify(
  address: string,
  files: OperatorFiles | undefined,
): Promise<{ exitCode: number | null; output: string }> {
  const env: NodeJS.ProcessEnv = { ...process.env };
  for (const variable of files === undefined ? [] : toolVariables(files)) {
    const [name = '', value] = variable.split('=');
    env[name] = value;
  }
  const args = ['deploy/ops/main.ts', 'verify', '--command', address];
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { env }, (_error, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, output: `${stdout}${stderr}` }),
    );
  });
}

function soon(): AbortSignal {
  return AbortSignal.timeout(5_000);
}
