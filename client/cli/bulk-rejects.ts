/**
 * The rejects file, last step of a bulk run: every line that was not paid, in the file's order and
 * own format, with reason, message and field besides. Corrected, it can be sent as it is. Lines are
 * found again by a second reading beside the bank's list of refusals, both ascending by index.
 * Promises: the file is whole or not there; one that says something else is kept as FILE.old.
 */
import { randomUUID } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { readFile, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Rejection } from '#proto/bank/v1/submission.ts';
import { numberedLines, type BulkFile, type NumberedLine } from './bulk-file.ts';
import { isRejects, jsonObject, ownColumns, REJECT_FIELDS } from './bulk-layout.ts';
import { markOf } from './bulk-text.ts';
import { CommandError, EXIT_CODES } from './command-context.ts';
import { csvField, csvLine } from './csv-row.ts';

export type Reject = { readonly reason: string; readonly message: string; readonly field: string };
export type RejectsRequest<Item> = {
  readonly file: BulkFile<Item>;
  readonly path: string;
  /** Ascending by index. */
  readonly rejections: AsyncIterable<Rejection>;
  readonly signal: AbortSignal;
};

export const MALFORMED_LINE = 'MALFORMED_LINE';
/** Files up to so much are compared with what stood there before. */
const COMPARED_BYTES_MAX = 64 * 1024 * 1024;

/** Answers how many lines it has. */
export async function writeRejects<Item>(request: RejectsRequest<Item>): Promise<number> {
  const { path, file, signal } = request;
  const draft = `${path}.${randomUUID()}.draft`; // another process may send the same file
  let lines = 0;
  const counted = async function* () {
    for await (const text of rejectedLines(request)) {
      yield lines === 0 ? `${markOf(file.encoding)}${text}\n` : `${text}\n`;
      lines += 1;
    }
  };
  try {
    await pipeline(Readable.from(counted()), createWriteStream(draft), { signal });
    if (await file.input.isChanged()) {
      throw new CommandError('the file has changed while it was sent: its rejects are not known');
    }
    await keepOther(path, draft);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw writeError(path, error);
  }
  return file.layout.format === 'csv' ? lines - 1 : lines;
}

/** A disk that is full, a folder that is not there: what is stored is not touched by it. */
function writeError(path: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error)) return error;
  const next = 'the same command with --rejects names another place for it';
  const message = `${path} cannot be written: ${error.message}. All items are stored: ${next}.`;
  return new CommandError(message, EXIT_CODES.refused, error);
}

async function* rejectedLines<Item>({ file, rejections }: RejectsRequest<Item>) {
  const { format, delimiter, map } = file.layout;
  const mapped = new Set(map.values());
  const { header, chunks } = numberedLines(file);
  const refused = rejections[Symbol.asyncIterator]();
  let next = await refused.next();
  let headed = format !== 'csv';
  for await (const chunk of chunks) {
    if (!headed) yield csvLine([...ownColumns(header()), ...REJECT_FIELDS], delimiter);
    headed = true;
    for (const line of chunk) {
      const isNext = next.done !== true && Number(next.value.itemIndex) === line.index;
      if (line.item === undefined) {
        const reject = { reason: MALFORMED_LINE, message: line.problem, field: '' };
        yield format === 'csv'
          ? csvReject(line, reject, header(), delimiter)
          : ndjsonReject(line, reject, mapped);
      } else if (isNext && next.done !== true) {
        const reject = next.value;
        yield format === 'csv'
          ? csvReject(line, reject, header(), delimiter)
          : ndjsonReject(line, reject, mapped);
        next = await refused.next();
      }
    }
  }
}

/** A line that has not the header's columns stands whole in the first one. */
function csvReject(
  { text, fields }: Pick<NumberedLine<unknown>, 'text' | 'fields'>,
  { reason, message, field }: Reject,
  header: readonly string[],
  delimiter: string,
): string {
  const why = csvLine([reason, message, field], delimiter);
  const columns = ownColumns(header).length;
  if (fields === undefined) {
    return [csvField(text, delimiter), delimiter.repeat(columns - 1), delimiter, why].join('');
  }
  const own = isRejects(header) ? csvLine(fields.slice(0, columns), delimiter) : text;
  return `${own}${delimiter}${why}`;
}

/**
 * What is no object stands in `text`, with its line. A name that --map reads an item's field from
 * keeps its value: it would be paid with the reason as its reference.
 */
function ndjsonReject(
  { text, line }: Pick<NumberedLine<unknown>, 'text' | 'line'>,
  reject: Reject,
  mapped: ReadonlySet<string>,
): string {
  const value = jsonObject(text);
  const told = REJECT_FIELDS.filter((name) => !mapped.has(name));
  const why = Object.fromEntries(told.map((name) => [name, reject[name]]));
  if (typeof value === 'string') return JSON.stringify({ line, text, ...why });
  if ('reason' in value) return JSON.stringify({ ...value, ...why });
  // As it is written: numbers keep their digits.
  const own = text.trimEnd().slice(0, -1).trimEnd();
  if (told.length === 0) return text;
  return `${own}${own.endsWith('{') ? '' : ','}${JSON.stringify(why).slice(1)}`;
}

/** A rejects file that somebody has corrected is not written over. */
async function keepOther(path: string, draft: string): Promise<void> {
  const [before, now] = await Promise.all([sizeOf(path), sizeOf(draft)]);
  if (before === undefined) return;
  if (before === now && now <= COMPARED_BYTES_MAX) {
    const [one, other] = await Promise.all([readFile(path), readFile(draft)]);
    if (one.equals(other)) return;
  }
  await rename(path, `${path}.old`);
}

function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}
