/** How a client gets in: its token travels with each call, anew, and never far in plaintext. */
import { createServer } from 'node:http2';
import { Metadata, status } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { tlsCredentials, type BankAccess } from '#client/bank-access.ts';
import { createBankClient, type BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { portOf } from '#test/support/port-of.ts';

const opened: (() => void)[] = [];
afterEach(() => {
  for (const close of opened.splice(0).toReversed()) close();
});

test('a token is asked for at each call, of every service', async () => {
  const { address, seen } = await serve();
  let calls = 0;
  const client = open([address], { token: () => `token-${++calls}` });
  await askAll(client);
  expect(seen).toEqual(['Bearer token-1', 'Bearer token-2', 'Bearer token-3', 'Bearer token-4']);
});

test('without a token none is sent, and metadata of the caller stay as they are', async () => {
  const { address, seen } = await serve();
  await askAll(open([address], {}));
  expect(seen).toEqual([undefined, undefined, undefined, undefined]);
  const metadata = new Metadata();
  const { bulk } = open([address], { token: () => 'a' });
  const asked = unaryCall(bulk.getSubmission.bind(bulk), { submissionId: 'a' }, { metadata });
  await expect(asked).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  expect(seen.at(-1)).toBe('Bearer a');
  expect(metadata.getMap()).toEqual({});
});

test('a token goes to another host by TLS only', () => {
  const token = (): string => 'secret';
  expect(() => open(['bank.example:1'], { token })).toThrow('bank.example:1 by TLS only');
  open(['bank.example:1'], { token, tls: {} });
});

test('a certificate comes with its key', () => {
  expect(() => tlsCredentials({ cert: 'a' })).toThrow('are given together');
});

/** A call of each channel, and of a service that shares one. */
async function askAll({ accounts, bulk, queries, projector }: BankClient): Promise<void> {
  const asked = [
    () => unaryCall(accounts.getOperation.bind(accounts), { accountId: '', operationId: '' }),
    () => unaryCall(bulk.getSubmission.bind(bulk), { submissionId: '' }),
    () => unaryCall(queries.getAccount.bind(queries), { accountId: '', minVersion: 0n }),
    () => unaryCall(projector.getProjectionStatus.bind(projector), {}),
  ];
  for (const ask of asked) {
    await expect(ask()).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  }
}

function open(addresses: string[], access: BankAccess): BankClient {
  const all = { command: addresses, query: addresses, projector: addresses };
  const client = createBankClient(all, access);
  opened.push(client.close);
  return client;
}

/** Notes what each call brings as its authorization, and serves none. */
async function serve(): Promise<{ address: string; seen: (string | undefined)[] }> {
  const seen: (string | undefined)[] = [];
  const server = createServer();
  const answer = {
    'content-type': 'application/grpc',
    'grpc-status': String(status.UNIMPLEMENTED),
  };
  server.on('stream', (stream, headers) => {
    seen.push(headers.authorization);
    stream.respond(answer, { endStream: true });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push(() => server.close());
  return { address: `127.0.0.1:${portOf(server)}`, seen };
}
