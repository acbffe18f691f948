/** A stream whose caller has a token that passes, and reads nothing of what it is told. */
import { Client, credentials, status, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import type { Scopes } from '#platform/method-scopes.ts';
import {
  BulkServiceService as Service,
  type BulkSubmitRequest,
  BulkSubmitResponse,
} from '#proto/bank/v1/bulk_service.ts';
import { bearing, openTokenIssuer } from '#test/support/token-issuer.ts';
import { until } from '#test/support/until.ts';

const MESSAGE_BYTES = 256 * 1024;
const SECONDS = 3;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test('is over for its handler at once', async () => {
  const issuer = await openTokenIssuer();
  closers.push(() => issuer.stop());
  const calls: ServerDuplexStream<BulkSubmitRequest, BulkSubmitResponse>[] = [];
  const bulkSubmit = (call: ServerDuplexStream<BulkSubmitRequest, BulkSubmitResponse>): void => {
    calls.push(call);
    const submissionId = 'x'.repeat(MESSAGE_BYTES);
    const response = BulkSubmitResponse.fromPartial({ receipt: { submissionId } });
    // One behind the other, as many as a connection takes that nobody reads from.
    const send = (): void => {
      call.write(response, (error: unknown) => {
        if (error === undefined || error === null) send();
      });
    };
    send();
  };
  const auth = { tokens: issuer.settings, identitiesFile: undefined, openReflection: true };
  const rows = Object.keys(Service).map((name): [string, Scopes] => [name, ['bulk.write']]);
  const scopes = { 'bank.v1.BulkService': Object.fromEntries(rows) };
  const grpc = createGrpcServer({ log: silentLogger, access: { auth, scopes } });
  grpc.server.addService(Service, unimplemented(Service, { bulkSubmit }));
  const address = await grpc.serve({ host: '127.0.0.1', port: 0 });
  closers.push(() => grpc.drain(0));

  const client = new Client(address, credentials.createInsecure());
  closers.push(() => client.close());
  const metadata = bearing(await issuer.token({ scope: 'bulk.write' }, SECONDS));
  const same = (bytes: Buffer): Buffer => bytes;
  const call = client.makeBidiStreamRequest(Service.bulkSubmit.path, same, same, metadata);
  const ended = new Promise((resolve) => call.on('error', resolve));
  call.write(Buffer.alloc(0));
  await until('it is handled', () => calls.length === 1);
  expect(calls[0]?.cancelled).toBe(false);
  await until('its token has passed', () => calls[0]?.cancelled === true);
  call.resume(); // what waits for it, and the status behind
  expect(await ended).toMatchObject({ code: status.UNAUTHENTICATED });
});
