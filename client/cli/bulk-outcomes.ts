/**
 * The outcomes of a dry run on stdout, one a line as they come, in the format that was asked for.
 * Written no faster than they are read. The totals follow; where each line is of one shape, on
 * stderr.
 */
import { writeText } from './answer-writer.ts';
import { digits, writeReport, type Report } from './bulk-report.ts';
import type { CommandContext } from './command-context.ts';
import { csvRow } from './csv-row.ts';
import { plainText } from './labelled-row.ts';

export type Outcome = {
  readonly line: number;
  readonly accountId: string;
  readonly amount: string;
  /** Empty: it would be accepted. */
  readonly reason: string;
  readonly message: string;
};

export type Outcomes = {
  readonly write: (outcome: Outcome) => Promise<void>;
  readonly close: (totals: Report) => Promise<void>;
};

const WIDTHS = { line: 9, account: 36, amount: 18 } as const;
const COLUMNS = ['line', 'account_id', 'amount', 'outcome', 'reason', 'message'];

export function openOutcomes(context: CommandContext): Outcomes {
  const { output, stderr } = context;
  const put = (text: string) => writeText(context, text);
  let written = 0;
  const first = output === 'csv' ? csvRow(COLUMNS) : '';
  return {
    write: (outcome) => {
      const lead = written++ === 0 ? (output === 'json' ? '{"outcomes":[\n' : first) : '';
      const separator = output === 'json' && written > 1 ? ',\n' : '';
      return put(`${lead}${separator}${FORMATS[output](outcome)}`);
    },
    close: async (totals) => {
      if (output === 'json') {
        const lead = written === 0 ? '{"outcomes":[' : '\n';
        await put(`${lead}],"totals":${JSON.stringify(totals, digits)}}\n`);
      } else if (output === 'table') writeReport(totals, context);
      else writeReport(totals, { ...context, output: 'table', stdout: stderr });
    },
  };
}

const FORMATS: Record<CommandContext['output'], (outcome: Outcome) => string> = {
  json: asJson,
  ndjson: (outcome) => `${asJson(outcome)}\n`,
  csv: (outcome) => csvRow(valuesOf(outcome)),
  table: ({ line, accountId, amount, reason, message }) =>
    plainText(
      [
        String(line).padStart(WIDTHS.line),
        accountId.padEnd(WIDTHS.account),
        amount.padStart(WIDTHS.amount),
        reason === '' ? 'accepted' : `${reason}: ${message}`,
      ].join('  '),
    ) + '\n',
};

function valuesOf({ line, accountId, amount, reason, message }: Outcome): string[] {
  return [String(line), accountId, amount, outcomeName(reason), reason, message];
}

function asJson({ line, accountId, amount, reason, message }: Outcome): string {
  const outcome = outcomeName(reason);
  const why = reason === '' ? {} : { reason, message };
  return JSON.stringify({ line, account_id: accountId, amount, outcome, ...why });
}

function outcomeName(reason: string): string {
  return reason === '' ? 'accepted' : 'rejected';
}
