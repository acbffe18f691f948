/**
 * Refusals of rights (UNAUTHENTICATED, PERMISSION_DENIED) as rows of the audit, whoever refuses: an
 * interceptor in front of all others sees each call's status. They are written outside of any
 * transaction, a few times a second at most, and no more than so many a minute: those beyond are
 * counted in one row, so that nobody fills a disk by being refused. What cannot be written is lost,
 * with a line in the service's log.
 */
import { status } from '@grpc/grpc-js';
import type { Metadata, ServerInterceptingCallInterface, ServerInterceptor } from '@grpc/grpc-js';
import type { AuditEntry } from './audit.ts';
import { ANYONE, callerOf } from './caller.ts';
import { decodeStatusDetails } from './grpc-errors.ts';
import type { Logger } from './logger.ts';
import { PassingCall } from './passing-call.ts';
import { counter } from './telemetry.ts';

export type RefusalLimits = {
  /** Rows; of the others only their count is written. */
  readonly rowsAMinuteMax: number;
  readonly flushEveryMs: number;
};

export const REFUSAL_LIMITS: RefusalLimits = { rowsAMinuteMax: 60, flushEveryMs: 1_000 };
const MINUTE_MS = 60_000;

export type WriteRefusals = (entries: readonly AuditEntry[]) => Promise<void>;

export type AuditedRefusals = {
  readonly interceptor: ServerInterceptor;
  /** They go there from now on; until then as many wait as a minute may have. */
  writeTo(sink: WriteRefusals): void;
  /** Writes what is left. */
  close(): Promise<void>;
};

const refusals = counter(
  'bank.server.refusals_of_rights',
  'Calls refused for want of rights, by reason.',
  '{call}',
  ['result'],
);

export function auditRefusals(
  log: Logger,
  limits: RefusalLimits = REFUSAL_LIMITS,
): AuditedRefusals {
  let sink: WriteRefusals | undefined;
  let waiting: AuditEntry[] = [];
  let uncounted = 0;
  let minuteEndsMs = performance.now() + MINUTE_MS;
  let room = limits.rowsAMinuteMax;
  let writing: Promise<void> = Promise.resolve();

  const note = (entry: AuditEntry): void => {
    refusals.add(1, { result: entry.result ?? '' });
    if (room > 0 && waiting.length < limits.rowsAMinuteMax) {
      room -= 1;
      waiting.push(entry);
    } else uncounted += 1;
  };
  const flush = (): Promise<void> => {
    if (performance.now() >= minuteEndsMs) {
      minuteEndsMs = performance.now() + MINUTE_MS;
      room = limits.rowsAMinuteMax;
      if (uncounted > 0) waiting.push(others(uncounted));
      uncounted = 0;
    }
    const write = sink;
    if (write === undefined || waiting.length === 0) return writing;
    const entries = waiting;
    waiting = [];
    const lost = (error: unknown): void =>
      log.error('Refusals of rights could not be audited.', { err: error, count: entries.length });
    writing = writing.then(() => write(entries)).catch(lost);
    return writing;
  };
  const timer = setInterval(() => void flush(), limits.flushEveryMs);
  timer.unref();
  return {
    interceptor: ({ path }, call) => new AuditedCall(path, note, call),
    writeTo: (write) => void (sink = write),
    close: async () => {
      clearInterval(timer);
      if (uncounted > 0) waiting.push(others(uncounted));
      uncounted = 0;
      await flush();
    },
  };
}

type Status = Parameters<ServerInterceptingCallInterface['sendStatus']>[0];

class AuditedCall extends PassingCall {
  readonly #path: string;
  readonly #note: (entry: AuditEntry) => void;
  #metadata: Metadata | undefined;

  constructor(
    path: string,
    note: (entry: AuditEntry) => void,
    next: ServerInterceptingCallInterface,
  ) {
    super(next);
    this.#path = path;
    this.#note = note;
  }

  override onReceiveMetadata(metadata: Metadata): void {
    this.#metadata = metadata;
    super.onReceiveMetadata(metadata);
  }

  override sendStatus(sent: Status): void {
    if (sent.code === status.UNAUTHENTICATED || sent.code === status.PERMISSION_DENIED) {
      const code = status[sent.code] ?? String(sent.code);
      const reason = reasonOf(sent.metadata);
      const known = this.#metadata === undefined ? ANYONE : callerOf(this.#metadata);
      const caller = known.peer === '' ? { ...known, peer: this.getPeer() } : known;
      const result = reason === '' ? code : `${code} ${reason}`;
      this.#note({ caller, action: this.#path, result });
    }
    super.sendStatus(sent);
  }
}

function reasonOf(metadata: Metadata | null | undefined): string {
  return metadata === null || metadata === undefined
    ? ''
    : (decodeStatusDetails(metadata)?.reason ?? '');
}

function others(count: number): AuditEntry {
  const detail = `${count} more refusals of this minute are not told one by one`;
  return { caller: ANYONE, action: 'refusals', result: 'PERMISSION_DENIED', detail };
}
