/**
 * Checkpoints of the log as lines of a file: which log, when, and for each partition how far it was
 * and its running hash. Each line is signed by Ed25519 and names the line before it by its SHA-256,
 * so that none can be changed, left out in the midst or moved without the key. A line that was
 * broken off by a crash is passed over.
 */
import { createHash, sign, verify, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import type { LogPoint } from './log-digest.ts';

export type Checkpoint = {
  readonly logId: string;
  /** ISO 8601. */
  readonly at: string;
  /** SHA-256 of the line before, in hex; empty for the first of a file. */
  readonly previous: string;
  readonly points: readonly LogPoint[];
};

const position = z
  .string()
  .regex(/^\d{1,19}$/)
  .transform(BigInt);
const hash = z.string().regex(/^[0-9a-f]{64}$/);
const bodySchema = z.object({
  format: z.literal(1),
  logId: z.uuid(),
  at: z.iso.datetime(),
  previous: z.union([z.literal(''), hash]),
  /** partition, start, seq, batch_id, hash */
  points: z.array(z.tuple([z.int(), position, position, z.string(), hash])),
});

/** Without the line feed at its end. */
export function checkpointLine({ points, ...rest }: Checkpoint, key: KeyObject): string {
  const tuples = points.map(({ partition, start, seq, batchId, hash }) => {
    return [partition, String(start), String(seq), batchId, hash];
  });
  const body = JSON.stringify({ format: 1, ...rest, points: tuples });
  return `${body} ${sign(null, Buffer.from(body), key).toString('base64')}`;
}

/** What is named as the line before. */
export function digestOfLine(line: string): string {
  return createHash('sha256').update(line).digest('hex');
}

/** Undefined: it is no line of a checkpoint. `isSigned`: by the owner of that key. */
export function readCheckpoint(
  line: string,
  key: KeyObject,
): { readonly checkpoint: Checkpoint; readonly isSigned: boolean } | undefined {
  const at = line.lastIndexOf(' ');
  const body = line.slice(0, at);
  const signature = Buffer.from(line.slice(at + 1), 'base64');
  const parsed = bodySchema.safeParse(jsonOf(body));
  if (!parsed.success) return undefined;
  const { points, logId, previous, at: time } = parsed.data;
  const isSigned = verify(null, Buffer.from(body), key, signature);
  const read = points.map(([partition, start, seq, batchId, hash]): LogPoint => {
    return { partition, start, seq, batchId, hash };
  });
  return { checkpoint: { logId, at: time, previous, points: read }, isSigned };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // no checkpoint
  }
}
