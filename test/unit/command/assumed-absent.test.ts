/** A decision that stands on an account taken as absent must store an event of it. */
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Command } from '#domain/commands.ts';
import { provesAssumed } from '../../../command-svc/assumed-absent.ts';
import type { BatchItem } from '../../../command-svc/batch-item.ts';
import { decideBatch, type DecidedBatch } from '../../../command-svc/decide-batch.ts';
import { absentAccount, NO_HOLD_FACTS } from '../../../command-svc/loaded-accounts.ts';
import { openingIn, wantedOf } from '../../../command-svc/wanted.ts';
import { depositCommand, openCommand, settled } from '#test/support/batch-bench.ts';

const [FIRST, SECOND] = [randomUUID(), randomUUID()];
const CLAIM = { tenant: '', submissionId: 's', claimId: randomUUID() };

function bulk(...commands: Command[]): BatchItem[] {
  return commands.map((command, itemIndex) => settled(command, { claim: CLAIM, itemIndex }).item);
}

function decided(items: readonly BatchItem[]): DecidedBatch {
  const accounts = new Map([...wantedOf(items).accountIds].map((id) => [id, absentAccount(id)]));
  const base = {
    known: 1n,
    knownBatchId: undefined,
    accounts,
    operations: new Map(),
    ...NO_HOLD_FACTS,
  };
  return decideBatch(base, items, 1n);
}

describe('accounts that a batch opens', () => {
  it('are those that a submission names for the first time to open them', () => {
    const items = [
      settled(openCommand(SECOND)).item,
      ...bulk(openCommand(FIRST), depositCommand(FIRST, 1n), openCommand(SECOND)),
    ];
    expect(wantedOf(items).accountIds).toEqual(new Set([SECOND, FIRST]));
    expect(openingIn(items)).toEqual(new Set([FIRST]));
    const late = bulk(depositCommand(FIRST, 1n), openCommand(FIRST));
    expect(openingIn(late).size).toBe(0);
  });

  it('are proven absent by their events, whatever else the batch refuses', () => {
    const items = bulk(openCommand(FIRST), openCommand(FIRST), depositCommand(SECOND, 1n));
    expect(provesAssumed(decided(items), new Set([FIRST]))).toBe(true);
  });

  it('are not when the batch stores no event of them', () => {
    const items = bulk(openCommand(FIRST), depositCommand(SECOND, 1n));
    expect(provesAssumed(decided(items), new Set([FIRST, SECOND]))).toBe(false);
  });
});
