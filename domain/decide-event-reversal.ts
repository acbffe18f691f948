/**
 * The event of a submission's item undone, once: as an operation is (decide-reversal.ts), but named
 * by its version, since an item need not have an operation id.
 */
import { findOpen } from './account-rules.ts';
import type { AccountState } from './account.ts';
import type { ReverseEvent } from './commands.ts';
import { isReversible, undo } from './decide-reversal.ts';
import { refuse, type Decision, type Facts } from './decision.ts';

export function reverseEvent(state: AccountState, command: ReverseEvent, facts: Facts): Decision {
  const decision = decideReversal(state, command, facts);
  if (decision.accepted) return decision;
  // Its caller has named a submission: no field of an item.
  const { reason, message } = decision.rejection;
  return refuse(reason, message);
}

function decideReversal(state: AccountState, command: ReverseEvent, facts: Facts): Decision {
  const { accountId, reversedVersion: version, event } = command;
  const found = findOpen(state, { accountId, expectedVersion: 0n });
  if (!found.accepted) return found;
  const name = `event ${version} of account ${accountId}`;
  if (!isReversible(event)) {
    const message = `${name} is no deposit, withdrawal, transfer or capture: it cannot be undone`;
    return refuse('OPERATION_NOT_FOUND', message);
  }
  if (facts.isReversed(accountId, version)) {
    return refuse('ALREADY_REVERSED', `${name} has been reversed`);
  }
  return undo(found.account, command, { version, event }, facts);
}
