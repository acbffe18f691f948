/**
 * ExportStatement: opening balance, every entry, closing balance, as a stream that a caller can
 * write into a file line by line. What it covers is fixed when it begins; its pages are read one at
 * a time, by short statements, as fast as the caller reads. It ends OK only behind the closing.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { boundedSender } from '#platform/bounded-sender.ts';
import type { Caller } from '#platform/caller.ts';
import { deadlineOf } from '#platform/call-context.ts';
import { invalidArgument } from '#platform/grpc-errors.ts';
import type { ServerStreams } from '#platform/server-streams.ts';
import { isoFromMicros } from '#platform/timestamps.ts';
import {
  ExportStatementResponse as Response,
  type ExportStatementRequest as Request,
} from '#proto/bank/v1/account_query_service.ts';
import { accountNotFound, guardProjection, type QueryContext } from './account-reader.ts';
import { accountMessage } from './account-view.ts';
import { STATEMENTS } from './config.ts';
import { encoded } from './encoded-messages.ts';
import { entryMessage } from './entry-view.ts';
import {
  accountIdField,
  rangeFields,
  RESUME_TOKEN_RULE,
  timeField,
  versionField,
  type Violations,
} from './request-fields.ts';
import { readEntries } from './sql/read-entries.ts';
import { statementRange, type StatementRange } from './sql/statement-range.ts';
import {
  decodeProgress,
  encodeProgress,
  withEntries,
  type StatementProgress,
} from './statement-progress.ts';
import { checkNotAhead } from './token-ahead.ts';

type Call = ServerWritableStream<Request, Response>;
type Send = (part: Response['part'], progress: StatementProgress) => Promise<void>;
type Opened = {
  readonly accountId: string;
  readonly caller: Caller;
  readonly minVersion: bigint;
  readonly times: readonly [string | undefined, string | undefined];
  /** What the resume token is bound to. */
  readonly subject: readonly string[];
  readonly resumed: StatementProgress | undefined;
};

export function exportStatementOf(context: QueryContext, streams: ServerStreams) {
  return (call: Call): void => {
    const deadlineAtMs = deadlineOf(call);
    streams.serve(call, checkRequest, async (opened, signal) => {
      const { accountId, minVersion, caller } = opened;
      if (minVersion > 0n) {
        await context.reader.read(new Map([[accountId, minVersion]]), {
          signal,
          deadlineAtMs,
          caller,
        });
      }
      const sender = boundedSender(call, STATEMENTS.unsentBytesMax, signal);
      await tell(context, opened, signal, async (part, progress) => {
        const resumeToken = encodeProgress(opened.subject, progress);
        const { message, bytes } = encoded({ resumeToken, part }, Response.encode);
        await sender.room();
        sender.send(message, bytes);
      });
    });
  };
}

async function tell(
  { db }: QueryContext,
  { accountId, caller, times, resumed }: Opened,
  signal: AbortSignal,
  send: Send,
): Promise<void> {
  const range = await guardProjection(statementRange(db, caller, accountId, times));
  if (range === undefined) throw accountNotFound(accountId);
  const { currencyCode, version } = range.account;
  if (resumed !== undefined) checkNotAhead(accountId, resumed.endVersion - 1n, version);
  const money = (minorUnits: bigint) => ({ currencyCode, minorUnits });
  let progress = resumed ?? startOf(range);
  if (resumed === undefined) {
    const account = accountMessage(range.account);
    const value = { account, balance: money(range.openingMinor) };
    await send({ $case: 'opening', value }, progress);
  }
  while (progress.nextVersion < progress.endVersion) {
    signal.throwIfAborted();
    const pageEnd = progress.nextVersion + BigInt(STATEMENTS.pageEntries);
    const end = pageEnd < progress.endVersion ? pageEnd : progress.endVersion;
    const span = [progress.nextVersion, end] as const;
    const views = await guardProjection(readEntries(db, accountId, span));
    // Below the version that the account had reached each one is there: versions have no gap.
    if (views.length === 0) throw new Error(`entry ${span[0]} of ${accountId} is missing`);
    progress = withEntries(progress, views);
    const entries = views.map((view) => entryMessage(accountId, view));
    await send({ $case: 'entries', value: { entries } }, progress);
  }
  if (progress.isClosed) return;
  const { balanceMinor, creditsMinor, debitsMinor, entryCount } = progress;
  const sums = { credits: money(creditsMinor), debits: money(debitsMinor), entryCount };
  const value = { balance: money(balanceMinor), ...sums };
  await send({ $case: 'closing', value }, { ...progress, isClosed: true });
}

function startOf({ fromVersion, endVersion, openingMinor }: StatementRange): StatementProgress {
  const sums = { entryCount: 0n, creditsMinor: 0n, debitsMinor: 0n, isClosed: false };
  return { nextVersion: fromVersion, endVersion, balanceMinor: openingMinor, ...sums };
}

function checkRequest(request: Request, caller: Caller): Opened {
  const violations: Violations = [];
  const accountId = accountIdField(violations, 'account_id', request.accountId);
  const from = timeField(violations, 'recorded_from', request.recordedFrom);
  const before = timeField(violations, 'recorded_before', request.recordedBefore);
  rangeFields(violations, ['recorded_from', from], ['recorded_before', before]);
  const minVersion = versionField(violations, 'min_version', request.minVersion);
  const iso = (micros: bigint | undefined) =>
    micros === undefined ? undefined : isoFromMicros(micros);
  const times = [iso(from), iso(before)] as const;
  const subject = ['statement', accountId, times[0] ?? '', times[1] ?? ''];
  const { resumeToken } = request;
  const resumed = resumeToken === '' ? undefined : decodeProgress(subject, resumeToken);
  if (resumeToken !== '' && resumed === undefined) {
    violations.push({ field: 'resume_token', description: RESUME_TOKEN_RULE });
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return { accountId, caller, minVersion, times, subject, resumed };
}
