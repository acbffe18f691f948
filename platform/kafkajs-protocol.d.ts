/** The parts of kafkajs that are bounded, mended or tested here; it declares its client only. */
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

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export type Request = {
    entry: {
      apiKey: number;
      apiName: string;
      apiVersion: number;
      correlationId: number;
      resolve: (answer: unknown) => void;
      reject: (error: Error) => void;
    };
    expectResponse: boolean;
    sendRequest: () => void;
  };
  export type QueueOptions = {
    maxInFlightRequests: number | null;
    requestTimeout: number;
    enforceRequestTimeout: boolean;
    clientId: string;
    broker: string;
    logger: { debug: () => void; warn: () => void };
    isConnected: () => boolean;
  };
  export default class RequestQueue {
    constructor(options: QueueOptions);
    readonly pending: readonly unknown[];
    push(request: Request): void;
    fulfillRequest(answer: { correlationId: number; payload: Buffer; size: number }): void;
    maybeThrottle(milliseconds: number): void;
    scheduleCheckPendingRequests(): void;
  }
}
