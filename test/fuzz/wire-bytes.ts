/** The few pieces of protobuf's wire format that generated messages are made of. */
export const NOTHING = Buffer.alloc(0);

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const MASK_64 = (1n << 64n) - 1n;

export function varintBytes(value: bigint): Buffer {
  const bytes: number[] = [];
  for (let rest = value & MASK_64; ; rest >>= 7n) {
    const low = Number(rest & 0x7fn);
    if (rest < 0x80n) return Buffer.from([...bytes, low]);
    bytes.push(low | 0x80);
  }
}

/** A field of a number, an enum or a bool; a negative number takes ten bytes. */
export function varintField(number: number, value: bigint): Buffer {
  return Buffer.concat([tagBytes(number, VARINT), varintBytes(value)]);
}

/** A field of text, bytes or a message. */
export function lengthField(number: number, content: Uint8Array): Buffer {
  const length = varintBytes(BigInt(content.length));
  return Buffer.concat([tagBytes(number, LENGTH_DELIMITED), length, content]);
}

export function tagBytes(number: number, wireType: number): Buffer {
  return varintBytes(BigInt(number * 8 + wireType));
}
