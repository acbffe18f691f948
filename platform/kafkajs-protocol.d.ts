/** The parts of kafkajs' protocol that are bounded or tested here; it declares its client only. */
declare module 'kafkajs/src/protocol/decoder.js' {
  export default class Decoder {
    constructor(bytes: Buffer);
    readVarInt(): number;
    readVarIntArray<Item>(readItem: (from: Decoder) => Item): Item[];
  }
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/index.js' {
  export type SentRecord = { key: Buffer; value: Buffer; headers: Record<string, string> };
  export default function encodeRecord(record: SentRecord): { buffer: Buffer };
}

declare module 'kafkajs/src/protocol/recordBatch/record/v0/decoder.js' {
  import type Decoder from 'kafkajs/src/protocol/decoder.js';

  export type OfBatch = { firstOffset: string; firstTimestamp: string };
  export type ReadRecord = { value: Buffer; headers: Record<string, Buffer> };
  export default function decodeRecord(decoder: Decoder, batch: OfBatch): ReadRecord;
}
