/** The rules that tell an older copy of the event store from the log itself. */
import type { Mutant } from './mutants.ts';

export const HISTORY_MUTANTS: readonly Mutant[] = [
  {
    name: 'an append stands in one history only',
    file: 'command-svc/migrations/000007-append-audit.sql',
    find: 'if p_known_batch_id is not null then',
    replace: 'if false then',
    project: 'integration',
    testFile: 'test/integration/command/older-copy.test.ts',
  },
  {
    name: 'a lane remembers in one history only',
    file: 'command-svc/account-states.ts',
    find: "  if (knownBatchId !== lane.knownBatchId) return 'lost';\n",
    replace: '  void knownBatchId;\n',
    project: 'integration',
    testFile: 'test/integration/command/older-copy.test.ts',
  },
  {
    name: "a lane's own rows are of one history",
    file: 'command-svc/account-states.ts',
    find: '    if (own === row.batchId) continue;\n',
    replace: '    if (own !== undefined) continue;\n',
    project: 'integration',
    testFile: 'test/integration/command/older-copy.test.ts',
    testName: 'remembers a row of its own',
  },
  {
    name: 'a record follows on the batch before it',
    file: 'projector-svc/project-batch.ts',
    find: '    checkChain(head, records);\n',
    replace: '    void checkChain;\n',
    project: 'integration',
    testFile: 'test/integration/projector/other-history.test.ts',
  },
];
