/**
 * The event store's accounts against the expectation: every event is decoded, each account's
 * versions are dense, each state after an event follows from the one before, and the last is the
 * balance that the file makes.
 */
import type pg from 'pg';
import { Event, EventType } from '#proto/bank/event/v1/events.ts';
import { FactDigest, type Digest } from './digest.ts';
import type { Expectation } from './expectation.ts';
import type { Findings } from './findings.ts';
import { readRows } from './read-rows.ts';

const KIND = 'events';
const NOTHING = Event.fromPartial({});

type EventRow = { account_id: string; version: bigint; type: number; payload: Buffer };
type Fold = { accountId: string; version: bigint; balanceMinor: bigint; currencyCode: string };

/** Answers the digest over account, version, change and balance of every event. */
export async function reconcileEvents(
  client: pg.ClientBase,
  expected: Expectation,
  findings: Findings,
): Promise<Digest> {
  const digest = new FactDigest();
  const seen = new Set<string>();
  let fold: Fold | undefined;
  const finish = () => {
    if (fold !== undefined) compareAccount(fold, expected, findings);
  };
  const text = 'select account_id, version, type, payload from events order by account_id, version';
  for await (const row of readRows<EventRow>(client, text)) {
    if (fold?.accountId !== row.account_id) {
      finish();
      seen.add(row.account_id);
      fold = { accountId: row.account_id, version: 0n, balanceMinor: 0n, currencyCode: '' };
    }
    const what = `account ${row.account_id} version ${row.version}`;
    const event = findings.attempt(KIND, what, () => Event.decode(row.payload)) ?? NOTHING;
    const changeMinor = applyEvent(fold, row, event, findings);
    digest.add(row.account_id, row.version, changeMinor, event.after?.balanceMinor ?? 'none');
  }
  finish();
  for (const accountId of expected.accounts.keys()) {
    if (!seen.has(accountId)) findings.difference(KIND, `account ${accountId} has no event`);
  }
  return digest.value();
}

/** How an event of the demo changes the balance; an event of another kind is a difference. */
export function changeOf({ body }: Event): bigint | undefined {
  if (body?.$case === 'accountOpened') return 0n;
  if (body?.$case === 'moneyDeposited') return body.value.amountMinor;
  return undefined;
}

function applyEvent(fold: Fold, row: EventRow, event: Event, findings: Findings): bigint {
  const what = `account ${row.account_id} version ${row.version}`;
  const { body, after } = event;
  const changeMinor = changeOf(event);
  fold.version += 1n;
  fold.balanceMinor += changeMinor ?? 0n;
  if (body?.$case === 'accountOpened') fold.currencyCode = body.value.currencyCode;
  const type =
    fold.version === 1n
      ? EventType.EVENT_TYPE_ACCOUNT_OPENED
      : EventType.EVENT_TYPE_MONEY_DEPOSITED;
  findings.equal(KIND, `${what}, version`, row.version, fold.version);
  findings.equal(KIND, `${what}, type`, row.type, type);
  findings.equal(KIND, `${what}, state after it`, after?.balanceMinor, fold.balanceMinor);
  findings.equal(KIND, `${what}, currency`, after?.currencyCode, fold.currencyCode);
  if (changeMinor === undefined) findings.difference(KIND, `${what} is a ${body?.$case}`);
  return changeMinor ?? 0n;
}

function compareAccount(fold: Fold, { accounts }: Expectation, findings: Findings): void {
  const account = accounts.get(fold.accountId);
  if (account === undefined) {
    findings.difference(KIND, `account ${fold.accountId} is not one that the demo opened`);
    return;
  }
  const what = `account ${fold.accountId}`;
  findings.equal(KIND, `${what}, events`, fold.version, account.version);
  findings.equal(KIND, `${what}, balance`, fold.balanceMinor, account.balanceMinor);
  findings.equal(KIND, `${what}, currency`, fold.currencyCode, account.currencyCode);
}
