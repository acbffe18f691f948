/**
 * What a run of the model test stands on, and what was said in it until now: the first answer that
 * is not the model's ends the run with all of that.
 */
import type { Bank } from '#test/support/bank-model.ts';
import type { Counts } from '#test/support/bank-model-counts.ts';
import { newNames, type Names } from '#test/support/bank-model-names.ts';
import type { CommandRequest } from '#test/support/command-calls.ts';

export type Run = {
  readonly bank: Bank;
  readonly names: Names;
  /** Commands that had an operation id, the newest last. */
  readonly sent: CommandRequest[];
  readonly counts: Counts;
  readonly lines: string[];
  /** How far off a hold ends soon: longer, where commands take longer. */
  soonMs: number;
};

/** The bank and its model say different things. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement';
}

const SOON_MS = 40;

export function newRun(counts: Counts): Run {
  return { bank: new Map(), names: newNames(), sent: [], counts, lines: [], soonMs: SOON_MS };
}

/** Times are compared, and shown only where something differs. */
export function compare({ lines }: Run, what: string, said: string, expected: string): void {
  if (said === expected) {
    lines.push(`  ${what}\n      -> ${said.replaceAll(/@\d+/g, '')}`);
    return;
  }
  const difference = [
    `  ${what}\n      -> ${said}`,
    `  where the model says\n      -> ${expected}`,
  ];
  throw new Disagreement([...lines, ...difference].join('\n'));
}
