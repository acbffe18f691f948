/**
 * The rules that keep the ledger right, each with the one change that takes it away and the test
 * that must notice. `find` stands exactly once in its file; when code moves, its mutant moves
 * along.
 */
import { CLAIM_MUTANTS } from './claim-mutants.ts';
import { HISTORY_MUTANTS } from './history-mutants.ts';
import { PROJECTION_MUTANTS } from './projection-mutants.ts';

export type Mutant = {
  name: string;
  file: string;
  find: string;
  replace: string;
  project: 'unit' | 'integration' | 'e2e';
  testFile: string;
  /** A part of the test's name; all tests of the file when left out. */
  testName?: string;
};

export const MUTANTS: readonly Mutant[] = [
  ...PROJECTION_MUTANTS,
  ...HISTORY_MUTANTS,
  ...CLAIM_MUTANTS,
  {
    name: 'a refused command is looked up',
    file: 'command-svc/append-fast.ts',
    find: 'const isSure = looksUp || !refusesOperation(items, decided);',
    replace: 'const isSure = looksUp || refusesOperation(items, decided) !== undefined;',
    project: 'integration',
    testFile: 'test/integration/command/append-together.test.ts',
  },
  {
    name: 'each lane of a lost transaction looks for its row',
    file: 'command-svc/append-together.ts',
    find: 'for (const { batch, request } of together) appendSent(',
    replace: 'for (const { batch, request } of together.slice(0, 1)) appendSent(',
    project: 'integration',
    testFile: 'test/integration/command/append-together.test.ts',
  },
  {
    name: 'lanes wait together only shortly',
    file: 'command-svc/bounds.ts',
    find: 'export const SHARED_LOCK_TIMEOUT_MS = 100;',
    replace: 'export const SHARED_LOCK_TIMEOUT_MS = 60_000;',
    project: 'integration',
    testFile: 'test/integration/command/append-together.test.ts',
  },
  {
    name: 'a refused transaction of several is sent again, each alone',
    file: 'platform/group-commit.ts',
    find: 'const isEach = ordered.length > 1 && isRolledBack(error);',
    replace: 'const isEach = ordered.length > 99 && isRolledBack(error);',
    project: 'unit',
    testFile: 'test/unit/platform/group-commit.test.ts',
  },
  {
    name: 'a transaction without an answer is not sent again',
    file: 'platform/group-commit.ts',
    find: 'ordered.length > 1 && isRolledBack(error);',
    replace: 'ordered.length > 1;',
    project: 'unit',
    testFile: 'test/unit/platform/group-commit.test.ts',
  },
  {
    name: 'catch-up',
    file: 'command-svc/account-states.ts',
    find: '      lane.accounts.delete(id);\n      touched.add(id);\n',
    replace: '      void id;\n',
    project: 'integration',
    testFile: 'test/integration/command/append.test.ts',
  },
  {
    name: 'the batch_id check',
    file: 'command-svc/migrations/000007-append-audit.sql',
    find: 'batch_id = p_batch_id or ',
    replace: '',
    project: 'integration',
    testFile: 'test/integration/command/append-function.test.ts',
  },
  {
    name: 'the claim check',
    file: 'command-svc/migrations/000007-append-audit.sql',
    find: 'if v_locked < cardinality(p_claim_ids) then',
    replace: 'if false then',
    project: 'e2e',
    testFile: 'test/e2e/two-clients.test.ts',
    testName: 'the append finds its claim gone',
  },
  {
    name: 'the deletion of claims at close',
    file: 'command-svc/submission-close.ts',
    find: '  await deleteClaims(client, { tenant, submissionId, ...EVERY_INDEX });\n',
    replace: '',
    project: 'e2e',
    testFile: 'test/e2e/two-clients.test.ts',
    testName: 'a close takes the claim',
  },
  {
    name: 'the second decision under the heads',
    file: 'command-svc/head-transaction.ts',
    find: 'decideBatch(base, all, batch.nowMicros, places, keys),',
    replace: '(batch.firstDecision ??= decideBatch(base, all, batch.nowMicros, places, keys)),',
    project: 'integration',
    testFile: 'test/integration/command/append.test.ts',
  },
  {
    name: 'the lookup after a lost answer',
    file: 'command-svc/head-transaction.ts',
    find: '  if (batch.unanswered !== undefined) {\n    const row',
    replace: '  if (batch.unanswered === null) {\n    const row',
    project: 'integration',
    testFile: 'test/integration/command/append.test.ts',
  },
  {
    name: 'the lookup after a lost answer, over several heads',
    file: 'command-svc/barrier-transaction.ts',
    find: '  if (batch.unanswered !== undefined) {\n',
    replace: '  if (batch.unanswered === null) {\n',
    project: 'e2e',
    testFile: 'test/e2e/atomic-batch.test.ts',
    testName: 'whose COMMIT is not answered',
  },
  {
    name: 'all or nothing',
    file: 'command-svc/barrier-transaction.ts',
    find: 'const refused = barrier.allOrNone ? ',
    replace: 'const refused = false ? ',
    project: 'integration',
    testFile: 'test/integration/command/atomic-batch.test.ts',
  },
  {
    name: 'rows that name the others of their append',
    file: 'command-svc/barrier-shares.ts',
    find: 'taken.filter((one) => one.partition !== partition)',
    replace: 'taken.filter(() => false)',
    project: 'integration',
    testFile: 'test/integration/command/atomic-batch.test.ts',
  },
  {
    name: 'barriers of a lane in their order',
    file: 'command-svc/barrier-queue.ts',
    find: 'behind.has(queue) || ',
    replace: '',
    project: 'unit',
    testFile: 'test/unit/command/barriers.test.ts',
  },
  {
    name: 'lanes reserved for a barrier that heads them',
    file: 'command-svc/barrier-queue.ts',
    find: 'lane.reserved = reserved.has(lane);',
    replace: 'lane.reserved = false;',
    project: 'unit',
    testFile: 'test/unit/command/barriers.test.ts',
  },
  {
    name: 'accounts taken as absent are looked for after a collision',
    file: 'command-svc/assumed-absent.ts',
    find: 'return lane.looksForOpened ? NONE : opening;',
    replace: 'return opening;',
    project: 'integration',
    testFile: 'test/integration/command/assumed-absent.test.ts',
  },
  {
    name: 'what is assumed is proven by the append',
    file: 'command-svc/assumed-absent.ts',
    find: "if (!newStates.has(id) && base.accounts.get(id)?.state.status === 'none') return false;",
    replace: 'void id;',
    project: 'unit',
    testFile: 'test/unit/command/assumed-absent.test.ts',
  },
  {
    name: 'items put off go first',
    file: 'command-svc/item-queue.ts',
    find: 'this.#items = [...items, ...this.#items.slice(this.#first)];',
    replace: 'this.#items = [...this.#items.slice(this.#first), ...items];',
    project: 'integration',
    testFile: 'test/integration/command/lock-deferral.test.ts',
  },
  {
    name: 'the bound of deferrals',
    file: 'command-svc/lock-deferral.ts',
    find: '(deferrals.get(item) ?? 0) >= deferral.deferralsMax;',
    replace: '(deferrals.get(item) ?? 0) >= Number.MAX_SAFE_INTEGER;',
    project: 'integration',
    testFile: 'test/integration/command/lock-deferral.test.ts',
  },
  {
    name: 'the bound of results that wait for their caller',
    file: 'command-svc/result-feed.ts',
    find: '!isAlone && this.#open + items > openMax',
    replace: 'Number.isNaN(items)',
    project: 'integration',
    testFile: 'test/integration/command/bulk-submit.test.ts',
    testName: 'is read no further',
  },
  {
    name: 'holds of the version of their state',
    file: 'command-svc/loaded-accounts.ts',
    find: '  if (read?.version !== account.state.version) return MOVED_ON;\n',
    replace: '  if (read === undefined) return MOVED_ON;\n',
    project: 'integration',
    testFile: 'test/integration/command/holds.test.ts',
    testName: 'is read again',
  },
  {
    name: 'the operation to undo is looked up each time',
    file: 'command-svc/account-states.ts',
    find: '[...operations.filter(isAsked), ...reversedOperations]',
    replace: 'operations.filter(isAsked)',
    project: 'integration',
    testFile: 'test/integration/command/every-command.test.ts',
    testName: 'undoes a deposit',
  },
  {
    name: 'a batch ends before its row is too long',
    file: 'command-svc/decide-batch.ts',
    find: ' > DECIDED_BYTES_MAX) break;',
    replace: ' > 10 * DECIDED_BYTES_MAX) break;',
    project: 'integration',
    testFile: 'test/integration/command/holds.test.ts',
    testName: 'are never more in one row',
  },
  {
    name: 'the bound of what all callers leave unread',
    file: 'command-svc/unread-room.ts',
    find: 'Math.floor(left / 2)',
    replace: 'resultsMax',
    project: 'integration',
    testFile: 'test/integration/command/unread-results.test.ts',
    testName: 'leave together',
  },
  {
    name: 'a message that finds no room as a whole is taken in parts',
    file: 'command-svc/result-feed.ts',
    find: 'return isAlone ? free : 0;',
    replace: 'return 0;',
    project: 'integration',
    testFile: 'test/integration/command/unread-results.test.ts',
    testName: 'hold up no caller',
  },
];
