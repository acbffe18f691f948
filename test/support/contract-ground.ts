/** What the served-fields test's calls stand on: an account, submissions, and ids that are free. */
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { PlaceHoldRequest } from '#proto/bank/v1/account_command_service.ts';
import { openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import type { Random } from '#test/support/random.ts';
import type { Ground } from '#test/support/served-requests.ts';

type FreshIds = Pick<Ground, 'freshAccount' | 'freshOperation' | 'freshHold' | 'freshSubmission'>;

export function freshIds(random: Random): FreshIds {
  return {
    freshAccount: random.uuid(),
    freshOperation: random.uuid(),
    freshHold: random.uuid(),
    freshSubmission: `f-${random.uuid()}`,
  };
}

export async function makeGround(client: BankClient, random: Random): Promise<Ground> {
  const ground: Ground = {
    account: random.uuid(),
    owner: `owner ${random.uuid()}`,
    otherAccount: random.uuid(),
    emptyAccount: random.uuid(),
    hold: random.uuid(),
    operation: random.uuid(),
    submission: `s-${random.uuid()}`,
    openSubmission: `o-${random.uuid()}`,
    lease: await startLease(client),
    rebuild: '',
    ...freshIds(random),
  };
  const { account, otherAccount, emptyAccount } = ground;
  const accounts = [account, otherAccount, emptyAccount].map((accountId) => {
    return { accountId, currencyCode: 'EUR', owner: ground.owner };
  });
  await openAccounts(client, { submissionId: `a-${ground.account}`, accounts, items: [] });
  const item = {
    accountId: ground.account,
    currencyCode: 'EUR',
    amountMinor: 10n,
    operationId: '',
    reference: 'first',
    valueDate: '',
    outcome: 'accepted' as const,
  };
  await sendDeposits(client, {
    submissionId: ground.openSubmission,
    items: [item],
    options: { leaveOpen: true },
  });
  const items = [
    { ...item, operationId: ground.operation, reference: 'second' },
    { ...item, amountMinor: 0n },
    { ...item, currencyCode: 'CHF' },
  ];
  await sendDeposits(client, { submissionId: ground.submission, items });
  await placeHold(client, ground);
  return ground;
}

async function placeHold({ accounts }: BankClient, { account, hold }: Ground): Promise<void> {
  const request = PlaceHoldRequest.fromPartial({
    accountId: account,
    holdId: hold,
    operationId: hold,
    amount: { currencyCode: 'EUR', minorUnits: 5n },
  });
  await unaryCall(accounts.placeHold.bind(accounts), request);
}

async function startLease({ bulkMode }: BankClient): Promise<string> {
  const ttl = { seconds: 600n, nanos: 0 };
  const request = { holder: 'the ground', reason: '', ttl };
  const { lease } = await unaryCall(bulkMode.startBulkMode.bind(bulkMode), request);
  if (lease === undefined) throw new Error('an answer without a lease');
  return lease.leaseId;
}

/** The files that run after this one find normal mode. */
export async function endLeases({ bulkMode }: BankClient): Promise<void> {
  const { leases } = await unaryCall(bulkMode.getBulkMode.bind(bulkMode), {});
  for (const { leaseId } of leases) {
    await unaryCall(bulkMode.endBulkMode.bind(bulkMode), { leaseId });
  }
}
