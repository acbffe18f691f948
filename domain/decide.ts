/**
 * Decide: state and command in, events or refusal out. One small function a command, in files by
 * theme; the order of the checks is the order in which refusals take precedence. Idempotency
 * (operation ids) is not decided here.
 */
import type { AccountState } from './account.ts';
import type { Command } from './commands.ts';
import {
  closeAccount,
  freezeAccount,
  openAccount,
  setOverdraftLimit,
  unfreezeAccount,
} from './decide-account.ts';
import { reverseEvent } from './decide-event-reversal.ts';
import { captureHold, expireHolds, placeHold, releaseHold } from './decide-holds.ts';
import { deposit, withdraw } from './decide-movements.ts';
import { reverseOperation } from './decide-reversal.ts';
import { transfer } from './decide-transfer.ts';
import type { Decision, Facts } from './decision.ts';

export function decide(state: AccountState, command: Command, facts: Facts): Decision {
  switch (command.type) {
    case 'OpenAccount':
      return openAccount(state, command);
    case 'Deposit':
      return deposit(state, command);
    case 'Withdraw':
      return withdraw(state, command, facts);
    case 'Transfer':
      return transfer(state, command, facts);
    case 'PlaceHold':
      return placeHold(state, command, facts);
    case 'CaptureHold':
      return captureHold(state, command, facts);
    case 'ReleaseHold':
      return releaseHold(state, command, facts);
    case 'ExpireHolds':
      return expireHolds(state, facts);
    case 'SetOverdraftLimit':
      return setOverdraftLimit(state, command, facts);
    case 'FreezeAccount':
      return freezeAccount(state, command);
    case 'UnfreezeAccount':
      return unfreezeAccount(state, command);
    case 'CloseAccount':
      return closeAccount(state, command, facts);
    case 'ReverseOperation':
      return reverseOperation(state, command, facts);
    case 'ReverseEvent':
      return reverseEvent(state, command, facts);
    default:
      return unknownCommand(command);
  }
}

function unknownCommand(command: never): never {
  throw new Error(`unknown command ${JSON.stringify(command)}`);
}
