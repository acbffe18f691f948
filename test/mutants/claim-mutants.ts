/** Mutants of the opening of submissions. */
import type { Mutant } from './mutants.ts';

export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: 'a submission_id is freed only while nothing is stored of it',
    file: 'command-svc/submission-claims.ts',
    find: 'if (locked !== undefined) return { ...locked, calledAtMs: locked.askedAtMs - sinceMs };',
    replace: 'return { closed: false, ...locked, calledAtMs: 0 };',
    project: 'integration',
    testFile: 'test/integration/command/atomic-batch.test.ts',
    testName: 'that is refused and freed meanwhile',
  },
  {
    name: 'a call that has ended takes nothing over',
    file: 'command-svc/submission-claims.ts',
    find: '    throwIfEnded?.(); // the last moment',
    replace: '    // the last moment',
    project: 'integration',
    testFile: 'test/integration/command/late-openings.test.ts',
  },
  {
    name: 'a try again leaves alone who came after its call',
    file: 'command-svc/submission-claims.ts',
    find: 'if (tries > 1) await yieldToNewer',
    replace: 'if (tries > 99) await yieldToNewer',
    project: 'integration',
    testFile: 'test/integration/command/late-openings.test.ts',
  },
];
