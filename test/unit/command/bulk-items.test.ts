/** Items of a bulk message: the bound of what they take in the packed row, and what they become. */
import { ANYONE } from '#platform/caller.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Command } from '#domain/commands.ts';
import { decide } from '#domain/decide.ts';
import { NO_ACCOUNT } from '#domain/account.ts';
import { OpenAccountRequest } from '#proto/bank/v1/account_command_service.ts';
import { DepositItem } from '#proto/bank/v1/bulk_service.ts';
import type { BatchItem } from '../../../command-svc/batch-item.ts';
import { depositItem, openAccountItem, shownText } from '../../../command-svc/bulk-items.ts';
import { NO_FACTS } from '#test/support/commands.ts';
import { packedEventsBytes, RICH } from './packed-events.ts';

const MOST = 2n ** 63n - 1n;
const ID = 'ffffffff-ffff-4fff-bfff-ffffffffffff';
const CONTEXT = {
  origin: {
    kind: 'submission',
    claim: { tenant: '', submissionId: 's', claimId: ID },
    traceparent: undefined,
    caller: ANYONE,
    settle: () => undefined,
  },
  partitionCount: 16,
  homePartition: 3,
} as const;
/** The packed row of one event whose numbers are all as long as they can be. */
function packedBytes(command: Command): number {
  const decision = decide(command.type === 'OpenAccount' ? NO_ACCOUNT : RICH, command, NO_FACTS);
  if (!decision.accepted) throw new Error(decision.rejection.message);
  return packedEventsBytes(decision.events);
}

function commandOf({ command, invalid }: BatchItem): Command {
  if (command === undefined) throw new Error(invalid?.message);
  return command;
}

/** Every index of an item stands once more in the list of accepted ones. */
const INDEX_BYTES = 8;
const text = (maxLength: number) =>
  fc.string({ unit: 'grapheme', maxLength }).filter((one) => [...one].length <= maxLength);

describe('an item', () => {
  it('takes no more of the packed row than it says, as a deposit', () => {
    fc.assert(
      fc.property(text(140), fc.boolean(), (reference, dated) => {
        const amount = { currencyCode: 'EUR', minorUnits: MOST };
        const valueDate = dated ? '2026-05-31' : '';
        const deposit = DepositItem.fromPartial({ accountId: ID, amount, reference, valueDate });
        const item = depositItem(CONTEXT, deposit, 7);
        expect(packedBytes(commandOf(item)) + INDEX_BYTES).toBeLessThanOrEqual(item.bytes);
      }),
    );
  });

  it('takes no more of the packed row than it says, as an account', () => {
    const labels = fc.dictionary(text(63).filter(Boolean), text(255), { maxKeys: 16 });
    fc.assert(
      fc.property(text(140), labels, (owner, given) => {
        const overdraftLimit = { currencyCode: 'EUR', minorUnits: MOST };
        const account = { currencyCode: 'EUR', owner, overdraftLimit, labels: given };
        const item = openAccountItem(CONTEXT, OpenAccountRequest.fromPartial(account), 7);
        expect(packedBytes(commandOf(item)) + INDEX_BYTES).toBeLessThanOrEqual(item.bytes);
      }),
    );
  });

  it('without a usable account goes to the home partition of its submission', () => {
    const item = depositItem(CONTEXT, DepositItem.fromPartial({ accountId: 'x' }), 7);
    expect(item).toMatchObject({ partition: 3, command: undefined });
    expect(item.written?.accountText).toBe('x');
  });

  it('that opens an account must not ask for validation alone', () => {
    const account = OpenAccountRequest.fromPartial({ currencyCode: 'EUR', validateOnly: true });
    const { invalid } = openAccountItem(CONTEXT, account, 7);
    expect(invalid).toMatchObject({ reason: 'INVALID_ITEM', field: 'validate_only' });
  });

  it('is shown as the caller wrote it, as far as a text column can hold it', () => {
    expect(shownText('a\0b')).toBe('a b');
    expect(shownText('x'.repeat(100))).toHaveLength(64);
    expect(shownText(`${'x'.repeat(63)}\u{1f600}`).isWellFormed()).toBe(true);
  });
});
