/**
 * What makes the content of a command, in the fixed order in which its hash takes it: all that its
 * effect depends on, but for its account and its operation, which come first in every hash. Hashes
 * are stored: this may never change.
 */
import type { Command, Deposit, OpenAccount } from '#domain/commands.ts';

export type ContentPart = string | bigint | boolean;

/** No amount, or no time, is 0: neither occurs in a valid command. */
export function contentParts(
  command: Exclude<Command, Deposit | OpenAccount>,
): readonly ContentPart[] {
  switch (command.type) {
    case 'Withdraw':
      return [command.currencyCode, command.amountMinor, command.reference, command.valueDate];
    case 'Transfer': {
      const { destinationAccountId, currencyCode, amountMinor, reference, valueDate } = command;
      return [destinationAccountId, currencyCode, amountMinor, reference, valueDate];
    }
    case 'PlaceHold': {
      const { holdId, currencyCode, amountMinor, expiresAtMicros, reference } = command;
      return [holdId, currencyCode, amountMinor, expiresAtMicros ?? 0n, reference];
    }
    case 'CaptureHold': {
      const { holdId, amount, releaseRest, reference } = command;
      return [holdId, amount?.currencyCode ?? '', amount?.minor ?? 0n, releaseRest, reference];
    }
    case 'ReleaseHold':
      return [command.holdId];
    case 'SetOverdraftLimit':
      return [command.currencyCode, command.overdraftLimitMinor];
    case 'FreezeAccount':
      return [command.debits, command.credits, command.reason];
    case 'UnfreezeAccount':
      return [command.reason];
    case 'CloseAccount':
      return [command.sweepTo ?? '', command.reason];
    case 'ReverseOperation':
      return [command.reversedOperationId, command.reason];
    case 'ReverseEvent':
      return [command.reversedVersion, command.reason];
    case 'ExpireHolds':
      return [];
    default:
      return unknownCommand(command);
  }
}

function unknownCommand(command: never): never {
  throw new Error(`unknown command ${JSON.stringify(command)}`);
}
