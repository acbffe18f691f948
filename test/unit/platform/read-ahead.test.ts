/** An upload whose handler is busy is read ahead by bytes, and whole, in order, when it goes on. */
import { credentials } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { createGrpcServer, unimplemented } from '#platform/grpc-server.ts';
import { silentLogger } from '#platform/logger.ts';
import { bidiStream } from '#platform/streaming.ts';
import {
  BulkServiceClient,
  BulkServiceService as Service,
  BulkSubmitRequest,
  type BulkSubmitResponse,
} from '#proto/bank/v1/bulk_service.ts';
import { until } from '#test/support/until.ts';

const MESSAGE_BYTES = 10_000;
const MESSAGES = 40;

type Raw = { readonly bytes: Buffer };

async function serve(readAheadBytesMax: number) {
  const come: Buffer[] = [];
  const taken: string[] = [];
  const going = Promise.withResolvers<void>();
  const receive = (bytes: Buffer): Raw => {
    come.push(bytes);
    return { bytes };
  };
  const definition = {
    ...Service,
    bulkSubmit: { ...Service.bulkSubmit, requestDeserialize: receive },
  };
  const bulkSubmit = bidiStream<Raw, BulkSubmitResponse>(silentLogger, async (messages) => {
    for await (const { bytes } of messages) {
      taken.push(BulkSubmitRequest.decode(bytes).submissionId.slice(0, 4));
      await going.promise;
    }
  });
  const grpc = createGrpcServer({ log: silentLogger, limits: { readAheadBytesMax } });
  grpc.server.addService(definition, unimplemented(definition, { bulkSubmit }));
  const address = await grpc.serve({ host: '127.0.0.1', port: 0 });
  const client = new BulkServiceClient(address, credentials.createInsecure());
  return { come, taken, goOn: going.resolve, client, close: () => grpc.drain(0) };
}

test.each([
  [1, 2],
  [3 * MESSAGE_BYTES, 4],
])('at a limit of %i bytes %i messages come beside the one in hand', async (bytesMax, ahead) => {
  const { come, taken, goOn, client, close } = await serve(bytesMax);
  const call = client.bulkSubmit();
  const names = Array.from({ length: MESSAGES }, (_, n) => String(1_000 + n));
  for (const name of names) {
    const submissionId = name.padEnd(MESSAGE_BYTES, 'x');
    call.write(BulkSubmitRequest.fromPartial({ submissionId }));
  }
  call.end();
  const ended = new Promise<void>((resolve, reject) => {
    call.on('end', resolve).on('error', reject).resume();
  });
  await until('one is in hand', () => taken.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(come.length).toBeLessThanOrEqual(1 + ahead + 1); // what a frame of the transport holds
  goOn();
  await ended;
  expect(taken).toEqual(names);
  expect(come.length).toBe(MESSAGES);
  client.close();
  await close();
});
