/** The headers that are read of a record from Kafka: bounded, whatever somebody has written. */
import Decoder from 'kafkajs/src/protocol/decoder.js';
import decodeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/decoder.js';
import encodeRecord from 'kafkajs/src/protocol/recordBatch/record/v0/index.js';
import { describe, expect, it } from 'vitest';
import { HEADERS_READ_MAX, boundHeaders } from '#platform/kafka-headers.ts';

function throughKafkajs(headers: Record<string, string>) {
  const { buffer } = encodeRecord({ key: Buffer.from('7'), value: Buffer.from('value'), headers });
  const decoder = new Decoder(buffer);
  decoder.readVarInt(); // its length
  return decodeRecord(decoder, { firstOffset: '0', firstTimestamp: '0' });
}

describe('the headers of a record', () => {
  boundHeaders();

  it('are read as they are, in a record as Debezium writes it', () => {
    const sent = { id: 'x', eventType: 'EventBatch', seq: '12', batchId: 'y', traceparent: 'z' };
    const { headers, value } = throughKafkajs(sent);
    expect(Object.keys(headers)).toEqual(Object.keys(sent));
    expect(headers['seq']?.toString()).toBe('12');
    expect(value.toString()).toBe('value');
  });

  it('are none where there are none', () => {
    expect(throughKafkajs({}).headers).toEqual({});
  });

  it('are the first ones of many, so that no record takes seconds', () => {
    const names = Array.from({ length: 50_000 }, (_, n) => `h${n}`);
    const { headers, value } = throughKafkajs(Object.fromEntries(names.map((one) => [one, 'x'])));
    expect(Object.keys(headers)).toEqual(names.slice(0, HEADERS_READ_MAX));
    expect(value.toString()).toBe('value');
  });
});
