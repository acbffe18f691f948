/** The rules that keep the projection right, as mutants.ts has them. */
import type { Mutant } from './mutants.ts';

export const PROJECTION_MUTANTS: readonly Mutant[] = [
  {
    name: "the projected head's guard",
    file: 'projector-svc/migrations/000005-erasures.sql',
    find: ' = of_partition and seq = expected_seq and retry_no = expected_retry_no\n',
    replace: ' = of_partition\n',
    project: 'integration',
    testFile: 'test/integration/projector/replicas.test.ts',
  },
  {
    name: 'accounts that are left out are those of the last retry',
    file: 'projector-svc/migrations/000005-erasures.sql',
    find: ' and retry_no = expected_retry_no\n',
    replace: '\n',
    project: 'integration',
    testFile: 'test/integration/projector/retried-letters.test.ts',
    testName: 'reads them again',
  },
  {
    name: 'later events of a parked account wait',
    file: 'projector-svc/waiting-events.ts',
    find: '  if (parked.size === 0) return { applied: outlined, waiting: undefined };\n',
    replace: '  if (parked.size >= 0) return { applied: outlined, waiting: undefined };\n',
    project: 'integration',
    testFile: 'test/integration/projector/dead-letters.test.ts',
    testName: 'parks its account',
  },
  {
    name: 'items that waited are taken out of the rows that hold them',
    file: 'projector-svc/tell-retried.ts',
    find: '    await shortenRow(client, place, told);\n',
    replace: '    void told;\n',
    project: 'integration',
    testFile: 'test/integration/projector/blocked-acknowledgements.test.ts',
    testName: 'whose other leg cannot be applied',
  },
];
