/**
 * How far a bulk run is, on stderr: one line that is drawn again in place on a terminal, a line now
 * and then elsewhere, nothing when it is to be quiet.
 */
import { describeFault, type CallFault } from '../call-fault.ts';
import { grouped } from './amounts.ts';
import { BULK_LIMITS } from './bulk-limits.ts';
import type { CommandContext } from './command-context.ts';
import { plainText } from './labelled-row.ts';

export type BulkProgress = {
  stored: number;
  visible: number;
  rejected: number;
  malformed: number;
  /** What the file has about; its lines, before they are read. */
  expected: number;
  /** What was stored before this run. */
  resumedAt: number;
  /** Whether the run ends when all can be read. */
  readonly waits: boolean;
  /** Since when nothing has moved, and why. */
  broken: { readonly fault: CallFault; readonly sinceMs: number } | undefined;
};

export type ProgressLine = { readonly close: () => void };

const BAR_WIDTH = 20;
const COLUMNS = 100;
const FAULT_CHARACTERS_MAX = 80;
const CLEAR_TO_END = '\u001b[K';

export function showProgress(
  progress: BulkProgress,
  stderr: CommandContext['stderr'],
  quiet: boolean,
): ProgressLine {
  if (quiet) return { close: () => undefined };
  const startedMs = performance.now();
  const isTerminal = stderr.isTTY === true;
  const draw = () => {
    const text = progressText(progress, startedMs, performance.now());
    const shown = text.slice(0, (stderr.columns ?? COLUMNS) - 1);
    stderr.write(isTerminal ? `\r${shown}${CLEAR_TO_END}` : `${text}\n`);
  };
  const everyMs = isTerminal ? BULK_LIMITS.redrawMs : BULK_LIMITS.plainLineMs;
  const timer = setInterval(draw, everyMs);
  return {
    close: () => {
      clearInterval(timer);
      draw();
      if (isTerminal) stderr.write('\n');
    },
  };
}

export function progressText(progress: BulkProgress, startedMs: number, nowMs: number): string {
  const { visible, rejected, malformed, resumedAt, waits, broken } = progress;
  // An acknowledgement can come before the receipt of its part.
  const stored = Math.max(progress.stored, visible + rejected);
  const expected = Math.max(stored, progress.expected - malformed);
  const done = waits ? Math.min(stored, visible + rejected) : stored;
  const perMs = Math.max(0, stored - resumedAt) / Math.max(1, nowMs - startedMs);
  const bar = '#'.repeat(Math.floor((done / Math.max(1, expected)) * BAR_WIDTH));
  const parts = [
    `[${bar.padEnd(BAR_WIDTH, '.')}]`,
    `stored ${grouped(stored)}`,
    ...(waits ? [`visible ${grouped(visible)}`] : []),
    `rejected ${grouped(rejected + malformed)}`,
    `of ${grouped(expected)}`,
  ];
  if (broken !== undefined) {
    const seconds = Math.round((nowMs - broken.sinceMs) / 1_000);
    return `${parts.join(' ')}  trying again for ${seconds} s: ${shortFault(broken.fault)}`;
  }
  const rate = `${grouped(Math.round(perMs * 1_000))}/s`;
  const eta = perMs === 0 ? '' : `  eta ${clock((expected - done) / perMs)}`;
  return `${parts.join(' ')}  ${rate}${done >= expected ? '' : eta}`;
}

/** gRPC says in many lines which address did not answer. */
function shortFault(fault: CallFault): string {
  const text = describeFault(fault).replaceAll(/\s+/g, ' ');
  return plainText(text.slice(0, FAULT_CHARACTERS_MAX));
}

/** 75 s are 1:15. */
function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} min`;
}
