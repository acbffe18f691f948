/**
 * A DNS server on loopback that answers one kind of question: the addresses of a name, as the DNS
 * of a cluster answers for a headless service. What stands behind the name may change.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export type NameServer = {
  /** host:port. */
  readonly address: string;
  /** From now on the name has these IPv4 addresses; none: it is not known. */
  set(name: string, addresses: readonly string[]): void;
  /** Questions for addresses of that name so far. */
  asked(name: string): number;
  close(): Promise<void>;
};

const HEADER_BYTES = 12;
const TYPE_A = 1;
const CLASS_IN = 1;
const IS_ANSWER = 0x8180;
const NO_SUCH_NAME = 3;
const TTL_S = 0;

export async function startNameServer(): Promise<NameServer> {
  const records = new Map<string, readonly string[]>();
  const counts = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const { name, type, end } = questionOf(query);
    if (type === TYPE_A) counts.set(name, (counts.get(name) ?? 0) + 1);
    const question = query.subarray(HEADER_BYTES, end);
    socket.send(answerTo(query, question, records.get(name), type), from.port, from.address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { address, port } = socket.address();
  return {
    address: `${address}:${port}`,
    set: (name, addresses) => void records.set(name, addresses),
    asked: (name) => counts.get(name) ?? 0,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let bytes = query.readUInt8(at); bytes > 0; bytes = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + bytes));
    at += 1 + bytes;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function answerTo(
  query: Buffer,
  question: Buffer,
  addresses: readonly string[] | undefined,
  type: number,
): Buffer {
  const found = type === TYPE_A ? (addresses ?? []) : [];
  const isUnknown = (addresses ?? []).length === 0;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(query.readUInt16BE(0), 0);
  header.writeUInt16BE(IS_ANSWER | (isUnknown ? NO_SUCH_NAME : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(found.length, 6);
  return Buffer.concat([header, question, ...found.map(addressRecord)]);
}

function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0); // the name of the question
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(CLASS_IN, 4);
  record.writeUInt32BE(TTL_S, 6);
  record.writeUInt16BE(4, 10);
  record.set(address.split('.').map(Number), 12);
  return record;
}
