/**
 * The rules that keep the ledger right, each with the one change that takes it away and the test
 * that must notice. `find` stands exactly once in its file; when code moves, its mutant moves
 * along.
 */
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
    file: 'command-svc/migrations/000002-append-batch.sql',
    find: 'batch_id = p_batch_id or ',
    replace: '',
    project: 'integration',
    testFile: 'test/integration/command/append-function.test.ts',
  },
  {
    name: 'the claim check',
    file: 'command-svc/migrations/000002-append-batch.sql',
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
    find: 'decideBatch(base, all, batch.nowMicros, places);',
    replace: '(batch.firstDecision ??= decideBatch(base, all, batch.nowMicros, places));',
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
    name: "the projected head's guard",
    file: 'projector-svc/migrations/000001-projection-store.sql',
    find: 'where partition = of_partition and seq = expected_seq;',
    replace: 'where partition = of_partition;',
    project: 'integration',
    testFile: 'test/integration/projector/replicas.test.ts',
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
    find: '(barrier.allOrNone ? firstRefusal',
    replace: '(false ? firstRefusal',
    project: 'integration',
    testFile: 'test/integration/command/atomic-batch.test.ts',
  },
  {
    name: 'rows that name the others of their append',
    file: 'command-svc/barrier-shares.ts',
    find: '.filter(([other]) => other !== partition)',
    replace: '.filter(() => false)',
    project: 'integration',
    testFile: 'test/integration/command/atomic-batch.test.ts',
  },
  {
    name: 'a submission_id is freed only while nothing is stored of it',
    file: 'command-svc/submission-claims.ts',
    find: '    if (locked !== undefined) return locked;\n',
    replace: '    return locked ?? { closed: false, totalItems: undefined };\n',
    project: 'integration',
    testFile: 'test/integration/command/atomic-batch.test.ts',
    testName: 'that is refused and freed meanwhile',
  },
  {
    name: 'barriers of a lane in their order',
    file: 'command-svc/barrier-queue.ts',
    find: '!behind.has(lane) &&',
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
    file: 'command-svc/lane.ts',
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
    find: 'this.#open > 0 && this.#open + items > openMax',
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
    file: 'command-svc/result-feed.ts',
    find: 'await share.granted;',
    replace: '',
    project: 'integration',
    testFile: 'test/integration/command/unread-results.test.ts',
    testName: 'leave together',
  },
];
