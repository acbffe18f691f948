/**
 * A mesh without a sidecar, as docs/mesh.md tells it: replicas of command-svc at addresses of their
 * own with one port, as pods have, behind one DNS name with all of them; callers by mutual TLS that
 * go round them. A replica that comes gets its share within a known time, one that drains loses no
 * call, one that is killed leaves its share to the others.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { CLIENT_DEFAULTS } from '#client/client-defaults.ts';
import { unaryCall } from '#client/unary-call.ts';
import { freePort } from '#deploy/local/ports.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { faultOf } from '#test/support/bank-calls.ts';
import { checkEvents } from '#test/support/check-events.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { startNameServer, type NameServer } from '#test/support/name-server.ts';
import { payIn, sharesOf, startCallers, type SteadyCallers } from '#test/support/steady-callers.ts';
import { readEvents, readLogRecords } from '#test/support/stored-rows.ts';
import { openTlsGround, type TlsGround } from '#test/support/tls-ground.ts';
import { until } from '#test/support/until.ts';

/** grpc-js asks the server of the target itself; else getaddrinfo would ask this machine's. */
vi.hoisted(() => (process.env['GRPC_NODE_USE_ALTERNATIVE_RESOLVER'] = 'true'));

const NAME = 'command.bank.test';
const CALLERS = 4;
const CONNECTION_AGE_MS = 1_000;
/** Ages differ by a tenth; what is left is for a connection to be made on a busy machine. */
const SHARE_WITHIN_MS = CONNECTION_AGE_MS * 1.1 + CLIENT_DEFAULTS.resolveAgainMinMs + 3_000;

describe('replicas behind one DNS name', () => {
  let mesh: Mesh;
  let names: NameServer;
  let ground: TlsGround;
  let client: BankClient;
  let callers: SteadyCallers;
  let port: number;
  const accountIds = Array.from({ length: CALLERS }, () => randomUUID());
  const at = (n: number): string => `127.0.0.${n}:${port}`;

  beforeAll(async () => {
    [names, ground, mesh, port] = await Promise.all([
      startNameServer(),
      openTlsGround(),
      openMesh({ projector: 1 }),
      freePort(),
    ]);
    const pair = await ground.authority.issue({ commonName: 'command', dns: [NAME] });
    ground.write({ pair });
    await Promise.all([start(1), start(2), start(3)]); // the third has no name yet
    names.set(NAME, ['127.0.0.1', '127.0.0.2']);
    client = clientWith(ground.client);
    const open = client.accounts.openAccount.bind(client.accounts);
    for (const accountId of accountIds) {
      await unaryCall(open, OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR' }));
    }
    callers = startCallers(client, accountIds);
  });
  afterAll(async () => {
    await callers.stop();
    client.close();
    await mesh.close();
    await names.close();
    ground.close();
  });

  test('share the calls of whoever shows a certificate', async () => {
    const shares = sharesOf(await callers.next(40));
    expect([...shares.keys()].toSorted()).toEqual([at(1), at(2)]);
    for (const share of shares.values()) expect(share).toBeGreaterThan(12);
    const stranger = clientWith(undefined);
    const fault = await faultOf(payIn(stranger, accountIds[0] ?? ''));
    stranger.close();
    expect(fault.message).toMatch(/certificate required|No connection established/);
  });

  test('one that comes has its share when connections have aged and DNS was asked', async () => {
    const asked = names.asked(NAME);
    names.set(NAME, ['127.0.0.1', '127.0.0.2', '127.0.0.3']);
    const from = performance.now();
    await until(`an answer of ${at(3)}`, () => callers.answered.some(({ peer }) => peer === at(3)));
    const tookMs = performance.now() - from;
    process.stdout.write(
      `the third replica answers after ${Math.round(tookMs)} ms and ` +
        `${names.asked(NAME) - asked} questions; connections age in ${CONNECTION_AGE_MS} ms\n`,
    );
    expect(tookMs).toBeLessThan(SHARE_WITHIN_MS);
    const shares = sharesOf(await callers.next(45));
    for (const n of [1, 2, 3]) expect(shares.get(at(n)) ?? 0, at(n)).toBeGreaterThan(7);
  });

  test('one that drains answers what it has, and gets nothing new', async () => {
    const held = mesh.points.arm('append.before-send', { instance: 'command-2' });
    await held.reached();
    names.set(NAME, ['127.0.0.1', '127.0.0.3']);
    const ended = mesh.replica('command-2').stop();
    const meanwhile = await callers.next(24);
    expect([...sharesOf(meanwhile).keys()].toSorted()).toEqual([at(1), at(3)]);
    const before = callers.answered.filter(({ peer }) => peer === at(2)).length;
    held.release();
    await ended;
    const after = callers.answered.filter(({ peer }) => peer === at(2)).length;
    expect(after).toBeGreaterThan(before); // the held ones, and no other
    expect(callers.failures).toEqual([]);
  });

  test('one that is killed leaves its share to the others', async () => {
    await mesh.kill('command-3');
    const shares = sharesOf(await callers.next(24));
    expect([...shares.keys()]).toEqual([at(1)]);
    expect(callers.failures).toEqual([]);
  });

  test('each answer is one event, whoever gave it', async () => {
    await callers.stop();
    await waitForProjection(mesh.stores);
    const events = await readEvents(mesh.stores, accountIds);
    expect(events).toHaveLength(callers.answered.length + accountIds.length);
    const log = await readLogRecords(mesh.stores, accountIds);
    expect(checkEvents(events, log, [])).toEqual([]);
  });

  function start(n: number): Promise<unknown> {
    const { certFile, keyFile, clientCaFile } = ground.tls;
    return mesh.start('command', `command-${n}`, {
      BANK_COMMAND_LISTEN: at(n),
      BANK_TLS_CERT_FILE: certFile,
      BANK_TLS_KEY_FILE: keyFile,
      BANK_TLS_CLIENT_CA_FILE: clientCaFile ?? '',
      BANK_SERVER_CONNECTION_AGE_MAX_MS: String(CONNECTION_AGE_MS),
    });
  }

  function clientWith(shown: TlsGround['client'] | undefined): BankClient {
    const command = [`dns://${names.address}/${NAME}:${port}`];
    const nobody = ['127.0.0.1:1'];
    const tls = { ca: ground.authority.certificate, cert: shown?.certificate, key: shown?.key };
    return createBankClient({ command, query: nobody, projector: nobody }, { tls });
  }
});
