/**
 * How streams are followed: one that breaks goes on by itself, which is told; one that nobody
 * answers from the start ends soon.
 */
import { describeFault } from '../call-fault.ts';
import type { ResumeOptions } from '../resumed-stream.ts';
import { CommandError, EXIT_CODES } from './command-context.ts';
import type { BankContext } from './program-context.ts';

/** Tries of a stream that has not begun: about a second. */
const FIRST_ATTEMPTS = 4;

export async function* followed<T>(
  { signal, say }: BankContext,
  open: (options: Pick<ResumeOptions, 'signal' | 'onBreak'>) => AsyncIterable<T>,
): AsyncGenerator<T, void, void> {
  let hasBegun = false;
  const onBreak: ResumeOptions['onBreak'] = (fault, attempt, delayMs) => {
    if (!hasBegun && attempt >= FIRST_ATTEMPTS) {
      const next = 'next: is the bank started (npm start)? Elsewhere (`bank context show`)?';
      throw new CommandError(`${describeFault(fault)}\n${next}`, EXIT_CODES.unreachable);
    }
    if (fault.reason === 'STREAM_ROTATED') return; // as every stream does, by its age
    if (hasBegun) say(`the stream broke (${describeFault(fault)}), again in ${delayMs} ms`);
  };
  for await (const message of open({ signal, onBreak })) {
    hasBegun = true;
    yield message;
  }
}
