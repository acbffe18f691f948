/**
 * npm run ops -- audit: who did what, from the audits of both stores, in the order of time, a line
 * each; the oldest that are asked for first.
 */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { isUuid } from '#platform/uuid.ts';
import { asOwner } from './admin-clients.ts';
import { readAudit, type AuditQuestion, type AuditedRow } from './read-audit.ts';

const ROWS_DEFAULT = 1_000;
const ROWS_MAX = 100_000;
const ABOUT = `Tells who did what: commands and submissions by the event store's audit, what was
done to the projection by its own. As the owner: BANK_ADMIN_EVENT_STORE_URL,
BANK_ADMIN_PROJECTION_STORE_URL.`;

type Options = {
  since: Date;
  until?: Date;
  tenant?: string;
  subject?: string;
  account?: string;
  submission?: string;
  limit: number;
  json: boolean;
};

export function addAuditCommand(program: Command): void {
  program
    .command('audit')
    .description(ABOUT)
    .requiredOption('--since <time>', 'ISO 8601, as 2026-11-28 or 2026-11-28T12:00:00Z', moment)
    .option('--until <time>', 'before; default: now', moment)
    .option('--tenant <name>', 'only of this tenant')
    .option('--subject <name>', 'only what this subject did')
    .option('--account <id>', 'only what was stored of this account', accountId)
    .option('--submission <id>', 'only of this submission')
    .option('--limit <n>', 'rows at most', rowCount, ROWS_DEFAULT)
    .option('--json', 'a JSON object a line', false)
    .action(tellAudit);
}

async function tellAudit({ json, ...options }: Options): Promise<void> {
  const question: AuditQuestion = { until: new Date(), ...options };
  const ofCommands = await asOwner('BANK_ADMIN_EVENT_STORE_URL', (store) =>
    readAudit(store, question, 'event store'),
  );
  const ofProjection = await asOwner('BANK_ADMIN_PROJECTION_STORE_URL', (store) =>
    readAudit(store, question, 'projection store'),
  );
  const rows = [...ofCommands, ...ofProjection]
    .sort((a, b) => a.at.localeCompare(b.at))
    .slice(0, options.limit);
  for (const row of rows) {
    process.stdout.write(`${json ? JSON.stringify(row) : auditLine(row)}\n`);
  }
  const isCut = rows.length === options.limit;
  console.error(`${rows.length} rows${isCut ? ': there may be more, see --limit' : ''}`);
}

export function auditLine(row: AuditedRow): string {
  const { at, tenant, subject, peer, result, submission, accepted, rejected, detail } = row;
  const who = `${tenant === '' ? '' : `${tenant}/`}${subject === '' ? '(nobody)' : subject}`;
  const isOfItems = submission !== '' && accepted + rejected > 0;
  const what = isOfItems
    ? [`${row.actions.join(' ')} ${accepted} accepted, ${rejected} rejected`]
    : row.actions.map((action, n) => {
        const [account, operation] = [row.accounts[n], row.operations[n]];
        return [action, account, operation && `operation ${operation}`].filter(Boolean).join(' ');
      });
  return [
    at,
    who,
    peer === '' ? '-' : peer,
    result,
    ...(submission === '' ? [] : [`submission ${submission}`]),
    what.join('; '),
    ...(row.position === '' ? [] : [`at ${row.position}`]),
    ...(detail === '' ? [] : [`(${detail})`]),
  ].join('  ');
}

function moment(text: string): Date {
  const date = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(date.getTime())) return date;
  throw new InvalidArgumentError('must be a time, as 2026-11-28 or 2026-11-28T12:00:00Z');
}

function accountId(text: string): string {
  if (isUuid(text)) return text.toLowerCase();
  throw new InvalidArgumentError('must be a UUID in text form');
}

function rowCount(text: string): number {
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= ROWS_MAX) return Number(text);
  throw new InvalidArgumentError(`must be a number from 1 to ${ROWS_MAX}`);
}
