/** Commands of every kind that say what people write, each with a word by which it is found. */
import { randomUUID } from 'node:crypto';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import {
  CaptureHoldRequest,
  DepositRequest,
  FreezeAccountRequest,
  OpenAccountRequest,
  PlaceHoldRequest,
  ReverseOperationRequest,
  TransferRequest,
  UnfreezeAccountRequest,
  WithdrawRequest,
} from '#proto/bank/v1/account_command_service.ts';

export type TextAccounts = { readonly ada: string; readonly ben: string; readonly nobody: string };

const money = (minorUnits: bigint) => ({ currencyCode: 'EUR', minorUnits });

/** Ada's account gets ten texts, Ben's three, nobody's one. `again`: the accounts are there. */
export async function writeTexts(
  { accounts, bulk }: BankClient,
  { ada, ben, nobody }: TextAccounts,
  word: { readonly ada: string; readonly ben: string },
  again?: 'again',
): Promise<void> {
  const open = async (accountId: string, owner: string): Promise<void> => {
    const request = OpenAccountRequest.fromPartial({ accountId, currencyCode: 'EUR', owner });
    await unaryCall(accounts.openAccount.bind(accounts), request);
  };
  if (again === undefined) {
    await open(ada, `ada ${word.ada}`);
    await open(ben, `ben ${word.ben}`);
    await open(nobody, '');
  }
  const deposit = (accountId: string, reference: string, operationId = ''): unknown => {
    const amount = money(1_000n);
    const request = { accountId, amount, reference, operationId };
    return unaryCall(accounts.deposit.bind(accounts), DepositRequest.fromPartial(request));
  };
  const operationId = randomUUID();
  await deposit(ada, `salary ${word.ada}`, operationId);
  await deposit(ada, `salary ${word.ada}`, operationId); // the same content: a replay
  await deposit(nobody, `to nobody, ${word.ben}`);
  const amount = money(100n);
  const { ada: text } = word;
  const withdrawal = { accountId: ada, amount, reference: `rent ${text}` };
  await unaryCall(accounts.withdraw.bind(accounts), WithdrawRequest.fromPartial(withdrawal));
  const transfer = { sourceAccountId: ada, destinationAccountId: ben, amount };
  const sent = TransferRequest.fromPartial({ ...transfer, reference: `gift ${word.ben}` });
  await unaryCall(accounts.transfer.bind(accounts), sent);
  const holdId = randomUUID();
  const hold = { accountId: ada, holdId, amount, reference: `hotel ${text}` };
  await unaryCall(accounts.placeHold.bind(accounts), PlaceHoldRequest.fromPartial(hold));
  const capture = { accountId: ada, holdId, amount, reference: `night ${text}` };
  await unaryCall(accounts.captureHold.bind(accounts), CaptureHoldRequest.fromPartial(capture));
  const frozen = { accountId: ada, debits: true, reason: `lost by ${text}` };
  await unaryCall(accounts.freezeAccount.bind(accounts), FreezeAccountRequest.fromPartial(frozen));
  const unfrozen = UnfreezeAccountRequest.fromPartial({ accountId: ada, reason: `found ${text}` });
  await unaryCall(accounts.unfreezeAccount.bind(accounts), unfrozen);
  const undone = { accountId: ada, reversedOperationId: operationId, reason: `wrong ${text}` };
  const reversal = ReverseOperationRequest.fromPartial(undone);
  await deposit(ada, `more ${text}`);
  await unaryCall(accounts.reverseOperation.bind(accounts), reversal);
  await upload(bulk, ben, `bulk ${word.ben}`);
}

function upload(bulk: BankClient['bulk'], accountId: string, reference: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = bulk.bulkDeposit((error) => (error === null ? resolve() : reject(error)));
    const deposits = [{ accountId, amount: money(1n), reference, operationId: '', valueDate: '' }];
    const submissionId = randomUUID();
    call.end({ submissionId, deposits, firstItemIndex: undefined, options: undefined });
  });
}
