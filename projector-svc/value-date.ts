/** A value date as it is stored, YYYY-MM-DD, to PostgreSQL's days since 2000-01-01. */
import { UndecodableRecord } from './record-outline.ts';

const DAYS_TO_2000 = 10_957; // from 1970-01-01
const DAY_MS = 86_400_000;

let lastBytes = Buffer.alloc(0);
let lastDays = 0;

/** One day stands in most items of a file, so the last answer is kept. */
export function parseValueDate(bytes: Buffer, at: number, end: number): number {
  if (isLast(bytes, at, end)) return lastDays;
  const text = bytes.toString('latin1', at, end);
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time)) throw new UndecodableRecord(`a value date is ${JSON.stringify(text)}`);
  lastDays = time / DAY_MS - DAYS_TO_2000;
  lastBytes = Buffer.from(bytes.subarray(at, end));
  return lastDays;
}

function isLast(bytes: Buffer, at: number, end: number): boolean {
  if (end - at !== lastBytes.length) return false;
  for (let i = 0; i < lastBytes.length; i++) if (bytes[at + i] !== lastBytes[i]) return false;
  return true;
}
