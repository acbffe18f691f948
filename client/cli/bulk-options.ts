/**
 * The options of `bank bulk`, from texts to what they mean. What cannot be understood is a
 * CommandError that says how to write it; nothing has been opened by then.
 */
import { z } from 'zod';
import type { ControlTotals } from '#proto/bank/v1/bulk_service.ts';
import { AmountError, money } from '../money.ts';
import { BULK_KINDS, KIND_FIELDS } from './bulk-items.ts';
import { BULK_FORMATS, type BulkFormat } from './bulk-layout.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import { CommandError } from './command-context.ts';

const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000 } as const;
const SUBMISSION_ID = /^[A-Za-z0-9._-]{1,128}$/;
const CONCURRENCY_RULE = `a whole number from 1 to ${BULK_LIMITS.streamsMax}`;

const optionsSchema = z.object({
  format: z.enum(BULK_FORMATS, `--format is ${BULK_FORMATS.join(' or ')}`).optional(),
  kind: z.enum(BULK_KINDS, `--kind is ${BULK_KINDS.join(' or ')}`),
  map: z.array(z.string()).transform(mapOf),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, '--currency is an ISO 4217 code, as EUR')
    .optional(),
  delimiter: z.string().transform(delimiterOf),
  decimalComma: z.boolean(),
  encoding: z.string(),
  submission: z
    .string()
    .regex(SUBMISSION_ID, 'a submission is 1 to 128 of A-Za-z0-9._-')
    .optional(),
  rejects: z.string().min(1).optional(),
  expectItems: z
    .string()
    .regex(/^\d{1,18}$/, '--expect-items is a number')
    .optional(),
  expectTotal: z.array(z.string()),
  concurrency: z.coerce
    .number(CONCURRENCY_RULE)
    .int(CONCURRENCY_RULE)
    .min(1, CONCURRENCY_RULE)
    .max(BULK_LIMITS.streamsMax, CONCURRENCY_RULE),
  giveUpAfter: z.string().transform(durationMs),
  wait: z.boolean(),
  dryRun: z.boolean(),
  quiet: z.boolean(),
});

export type BulkOptions = z.infer<typeof optionsSchema>;

export function parseBulkOptions(given: unknown): BulkOptions {
  const parsed = optionsSchema.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CommandError(`${issue?.path.join('.')}: ${issue?.message}`, undefined, parsed.error);
  }
  checkFields(parsed.data);
  return parsed.data;
}

export function controlTotalsOf(options: BulkOptions): ControlTotals | undefined {
  const { expectItems, expectTotal } = options;
  if (expectItems === undefined && expectTotal.length === 0) return undefined;
  try {
    const amounts = expectTotal.map((text) => money(text));
    const items = expectItems === undefined ? undefined : BigInt(expectItems);
    return { items, amounts };
  } catch (error) {
    if (!(error instanceof AmountError)) throw error;
    throw new CommandError(`--expect-total: ${error.message}`, undefined, error);
  }
}

/** By --format, or by the file's name. */
export function formatOf(name: string, given: BulkFormat | undefined): BulkFormat {
  if (given !== undefined) return given;
  if (/\.(csv|tsv)$/i.test(name)) return 'csv';
  if (/\.(ndjson|jsonl)$/i.test(name)) return 'ndjson';
  const what = name === '' ? 'a pipe has no name' : `${name} does not tell its format`;
  throw new CommandError(`${what}: add --format csv or --format ndjson`);
}

/** `account_id=IBAN,amount=Betrag`, repeatable. */
function mapOf(given: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const pair of given.flatMap((list) => list.split(','))) {
    const [field = '', column = ''] = pair.split(/=(.*)/s);
    if (field === '' || column === '') {
      throw new CommandError(`--map ${pair}: write FIELD=COLUMN, as amount=Betrag`);
    }
    map.set(field, column);
  }
  return map;
}

function checkFields({ kind, map, expectTotal, dryRun, wait }: BulkOptions): void {
  const fields: readonly string[] = KIND_FIELDS[kind];
  const unknown = [...map.keys()].find((field) => !fields.includes(field));
  if (unknown !== undefined) {
    throw new CommandError(`--map: no field ${unknown}; ${kind} have ${fields.join(', ')}`);
  }
  if (kind === 'accounts' && expectTotal.length > 0) {
    throw new CommandError('--expect-total: accounts that are opened move no money');
  }
  if (dryRun && !wait) throw new CommandError('--dry-run stores nothing to wait for');
}

function delimiterOf(given: string): string {
  const delimiter = given === 'tab' || given === '\\t' ? '\t' : given;
  if (delimiter.length === 1 && !/["\r\n]/.test(delimiter)) return delimiter;
  throw new CommandError(`--delimiter "${given}": one character, or tab`);
}

export function durationMs(given: string): number {
  const match = /^(\d{1,6})(s|m|h)$/.exec(given);
  const unit = z.enum(['s', 'm', 'h']).safeParse(match?.[2]);
  const ms = unit.success ? Number(match?.[1]) * UNIT_MS[unit.data] : Number.NaN;
  const { giveUpAfterMinMs: min, giveUpAfterMaxMs: max } = BULK_LIMITS;
  if (ms >= min && ms <= max) return ms;
  throw new CommandError(`--give-up-after ${given}: 1s to 24h, as 90s, 10m or 1h`);
}
