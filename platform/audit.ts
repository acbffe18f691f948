/**
 * Rows of the table `audit`, which both stores have: who did what, with which result. Where a
 * transaction does what is told, the row is written in it.
 */
import { status } from '@grpc/grpc-js';
import type pg from 'pg';
import type { CallContext } from './call-context.ts';
import type { Caller } from './caller.ts';
import { RpcError } from './grpc-errors.ts';
import type { Logger } from './logger.ts';

export type AuditEntry = {
  readonly caller: Pick<Caller, 'tenant' | 'subject' | 'peer'>;
  readonly action: string;
  readonly submissionId?: string;
  /** OK, or the status and the reason of a refusal. */
  readonly result?: string;
  /** For people. */
  readonly detail?: string;
};

const SQL = `
  insert into audit (tenant, subject, peer, actions, submission_id, result, detail)
  select t, u, p, array[a], s, r, d
    from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
           as x(t, u, p, a, s, r, d)`;

const DONE = 'OK';

export async function writeAudit(
  db: pg.Pool | pg.ClientBase,
  ...entries: readonly AuditEntry[]
): Promise<void> {
  if (entries.length === 0) return;
  const texts = (of: (entry: AuditEntry) => string | null): (string | null)[] =>
    entries.map((entry) => storable(of(entry)));
  const values = [
    texts(({ caller }) => caller.tenant),
    texts(({ caller }) => caller.subject),
    texts(({ caller }) => caller.peer),
    texts(({ action }) => action),
    texts(({ submissionId }) => submissionId ?? null),
    texts(({ result }) => result ?? DONE),
    texts(({ detail }) => detail ?? ''),
  ];
  await db.query({ name: 'write-audit', text: SQL, values });
}

/** What was refused may hold what no text of PostgreSQL can. */
function storable(text: string | null): string | null {
  return text?.replaceAll('\0', '\u{FFFD}') ?? null;
}

/** Where rows go that follow what they tell. */
export type AuditLog = { readonly db: pg.Pool; readonly log: Logger };

type Handler<Req, Res> = (request: Req, call: CallContext) => Promise<Res>;

/**
 * A handler whose work is in no single transaction of the store: its row follows it, refused or
 * not. A row that cannot be written does not undo what was done: it is lost, with a line in the
 * service's log.
 */
export function audited<Req, Res>(
  audit: AuditLog | undefined,
  action: string,
  detailOf: (request: Req) => string,
  handler: Handler<Req, Res>,
): Handler<Req, Res> {
  if (audit === undefined) return handler;
  const { db, log } = audit;
  return async (request, call) => {
    let result = DONE;
    try {
      return await handler(request, call);
    } catch (error) {
      result = resultOf(error);
      throw error;
    } finally {
      const { caller } = call;
      const detail = detailOf(request).slice(0, DETAIL_CHARACTERS_MAX);
      await writeAudit(db, { caller, action, result, detail }).catch((error: unknown) => {
        log.error('What was done could not be audited.', { err: error, action, result });
      });
    }
  };
}

const DETAIL_CHARACTERS_MAX = 200;

function resultOf(error: unknown): string {
  if (!(error instanceof RpcError)) return 'INTERNAL';
  const code = status[error.code] ?? String(error.code);
  return error.reason === undefined ? code : `${code} ${error.reason}`;
}
