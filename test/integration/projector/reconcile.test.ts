/**
 * The comparison of the projection with the events: nothing is found where nothing is wrong, while
 * records come too, and each kind of damage is found, by its account and version.
 */
import { credentials, status } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callFault } from '#client/call-fault.ts';
import { followReconciliation } from '#client/reconciliation.ts';
import {
  ProjectorServiceClient,
  type ReconcileFinding,
  type ReconcileResponse,
  type ReconcileTotals,
} from '#proto/bank/v1/projector_service.ts';
import { everyKind } from '../query/projected-lives.ts';
import { openWorld, type Replica, type World } from './projector-fixture.ts';
import {
  livesOfEveryKind,
  plainSteps,
  storeAndProject,
  storedLife,
  storeEvents,
  type StoredLife,
} from './stored-lives.ts';

/** Deposits of an account that takes more than one page. */
const MANY = 4_500;
/** Ends with a hold that is open. */
const HELD = everyKind().slice(0, 7);

let world: World;
let replica: Replica;
let client: ProjectorServiceClient;
let lives: StoredLife[];

beforeAll(async () => {
  world = await openWorld();
  replica = await world.startReplica();
  client = new ProjectorServiceClient(replica.address, credentials.createInsecure());
  lives = [
    ...livesOfEveryKind(world, 10),
    storedLife(world, HELD, 3),
    storedLife(world, plainSteps(MANY), 1_000),
    ...Array.from({ length: 10 }, () => storedLife(world, plainSteps(2), 2)),
  ];
  await storeAndProject(world, lives);
});
afterAll(async () => {
  client.close();
  await world.close();
});

type Story = {
  messages: ReconcileResponse[];
  findings: ReconcileFinding[];
  totals: ReconcileTotals;
};

async function reconcile(accountIds: readonly string[] = [], resumeToken = ''): Promise<Story> {
  const messages: ReconcileResponse[] = [];
  const signal = AbortSignal.timeout(40_000);
  const options = { accountIds, resumeToken, signal, retry: ONCE };
  for await (const message of followReconciliation(client, options)) messages.push(message);
  const findings = messages.flatMap(({ part }) => (part?.$case === 'finding' ? [part.value] : []));
  const last = messages.at(-1)?.part;
  if (last?.$case !== 'totals') throw new Error('the last message has no totals');
  return { messages, findings, totals: last.value };
}
const ONCE = { attempts: 1, attemptsTotal: 1, firstMs: 1, maxMs: 1 };
const eventsOf = (some: readonly StoredLife[]): bigint =>
  some.flatMap(({ records }) => records).reduce((sum, one) => sum + BigInt(one.eventCount), 0n);

test('finds nothing where nothing is wrong, and says what it has compared', async () => {
  const { findings, totals } = await reconcile();
  expect(findings).toEqual([]);
  const eur = 650n + BigInt(MANY) * 10n + 10n * 20n;
  expect(totals).toEqual({
    accounts: BigInt(lives.length),
    events: eventsOf(lives),
    findings: 0n,
    eventSums: [{ currencyCode: 'EUR', minorUnits: eur }],
    projectionSums: [{ currencyCode: 'EUR', minorUnits: eur }],
  });
});

test('compares the accounts that are asked for, and no others', async () => {
  const some = lives.slice(0, 3);
  const asked = [...some.map(({ accountId }) => accountId.toUpperCase()), randomUUID()];
  const { findings, totals } = await reconcile(asked);
  expect(findings).toEqual([]);
  expect(totals).toMatchObject({ accounts: 3n, events: eventsOf(some) });
});

test('finds nothing while records come', async () => {
  const stopping = new AbortController();
  const writer = (async () => {
    while (!stopping.signal.aborted)
      await storeAndProject(world, [storedLife(world, everyKind(), 4)]);
  })();
  for (let time = 0; time < 5; time++) {
    const { findings } = await reconcile();
    expect(findings).toEqual([]);
  }
  stopping.abort();
  await writer;
});

const STATE_KINDS = (
  'CREDITS_FROZEN_DIFFERS DEBITS_FROZEN_DIFFERS HELD_DIFFERS LABELS_DIFFER ' +
  'OVERDRAFT_LIMIT_DIFFERS OWNER_DIFFERS STATUS_DIFFERS'
).split(' ');
/** A damage to one account's rows, and the kinds that it is found by. */
const DAMAGES: [what: string, sql: string, kinds: string[]][] = [
  [
    'a missing entry',
    'delete from entries where account_id = $1 and version = 4',
    ['ENTRY_MISSING', 'ENTRY_SUM_DIFFERS'],
  ],
  [
    'an entry that says another amount',
    'update entries set amount_minor = 1 where account_id = $1 and version = 2',
    ['ENTRY_DIFFERS', 'ENTRY_SUM_DIFFERS'],
  ],
  [
    'an entry that names another hold',
    'update entry_links set hold_id = gen_random_uuid() where account_id = $1 and version = 6',
    ['ENTRY_DIFFERS'],
  ],
  [
    'an entry too many',
    `insert into entries select account_id, version + 1, type, recorded_at, 0, 0, currency_code,
       null, null, null, '', null, null from entries where account_id = $1
       order by version desc limit 1`,
    ['ENTRY_EXTRA'],
  ],
  [
    'a wrong balance',
    'update balances set balance_minor = balance_minor + 1 where account_id = $1',
    ['BALANCE_DIFFERS', 'CURRENCY_SUM_DIFFERS'],
  ],
  [
    'a version too low',
    'update balances set version = version - 1 where account_id = $1',
    ['VERSION_DIFFERS'],
  ],
  [
    'a version too high',
    'update balances set version = version + 1 where account_id = $1',
    ['VERSION_DIFFERS'],
  ],
  [
    'a wrong state',
    `update balances set held_minor = 1, overdraft_limit_minor = 1, debits_frozen = true,
       credits_frozen = true, status = 1, owner = 'Eve', labels = '{}' where account_id = $1`,
    STATE_KINDS,
  ],
  [
    'an account without a balance',
    'delete from balances where account_id = $1',
    ['ACCOUNT_MISSING'],
  ],
];

describe('finds', () => {
  test.each(DAMAGES)('%s', async (_, sql, kinds) => {
    const life = storedLife(world, everyKind(), 5);
    await storeAndProject(world, [life]);
    await world.databases.projectionStore.query(sql, [life.accountId]);
    const { findings, totals } = await reconcile([life.accountId]);
    expect([...new Set(findings.map(({ kind }) => kind))].sort()).toEqual(kinds);
    expect(totals.findings).toBe(BigInt(findings.length));
    for (const { accountId, kind, expected, found } of findings) {
      expect(accountId).toBe(kind === 'CURRENCY_SUM_DIFFERS' ? '' : life.accountId);
      if (!['OWNER_DIFFERS', 'LABELS_DIFFER'].includes(kind)) expect(expected).not.toBe(found);
    }
  });

  test('a wrong hold, and one that is not there', async () => {
    const held = [storedLife(world, HELD, 3), storedLife(world, HELD, 3)];
    await storeAndProject(world, held);
    const { projectionStore } = world.databases;
    const [one, other] = held.map(({ accountId }) => accountId);
    await projectionStore.query('update open_holds set remaining_minor = 1 where account_id = $1', [
      one,
    ]);
    await projectionStore.query('delete from open_holds where account_id = $1', [other]);
    const { findings } = await reconcile(held.map(({ accountId }) => accountId));
    expect(findings.map(({ kind }) => kind)).toEqual(['HOLD_DIFFERS', 'HOLD_DIFFERS']);
    expect(findings.find(({ accountId }) => accountId === one)?.found).toMatch(
      / 1, expires never$/,
    );
    expect(findings.find(({ accountId }) => accountId === other)?.found).toMatch(/ -$/);
  });

  test('an account of which the projection knows nothing, and one that only it knows', async () => {
    const unknown = storedLife({ nextSeq: () => 1n }, plainSteps(3), 4);
    // Only its events are there: the log has no record of it.
    await storeEvents(world.databases, unknown.records);
    const invented = randomUUID();
    await world.databases.projectionStore.query(
      `insert into balances select $1, tenant, version, currency_code, balance_minor, held_minor,
         overdraft_limit_minor, status, debits_frozen, credits_frozen, owner, labels, opened_at,
         updated_at, projected_at from balances where account_id = $2`,
      [invented, lives[0]?.accountId],
    );
    const { findings, totals } = await reconcile([unknown.accountId, invented]);
    const found = new Map(findings.map(({ accountId, kind }) => [accountId, kind]));
    expect(found).toEqual(
      new Map([
        [unknown.accountId, 'ACCOUNT_MISSING'],
        [invented, 'ACCOUNT_EXTRA'],
        ['', 'CURRENCY_SUM_DIFFERS'],
      ]),
    );
    expect(totals.eventSums).toEqual([{ currencyCode: 'EUR', minorUnits: 30n }]);
  });
});

test('goes on at every token: each finding once, the same totals', async () => {
  const damaged = Array.from({ length: 4 }, () => storedLife(world, plainSteps(MANY / 2), 900));
  await storeAndProject(world, damaged);
  const ids = damaged.map(({ accountId }) => accountId);
  await world.databases.projectionStore.query(
    'delete from entries where account_id = any($1) and version in (2, 3, 2200)',
    [ids],
  );
  const whole = await reconcile(ids);
  expect(whole.totals.findings).toBe(16n);
  for (const [n, { resumeToken }] of whole.messages.entries()) {
    const rest = await reconcile(ids, resumeToken);
    const told = whole.messages.slice(0, n + 1).filter(({ part }) => part?.$case === 'finding');
    expect(told.length + rest.findings.length).toBe(16);
    expect(rest.findings).toEqual(whole.findings.slice(told.length));
    expect(rest.totals).toEqual(whole.totals);
  }
  const [, second] = whole.messages;
  const refused = async (request: Parameters<typeof reconcile>): Promise<string> => {
    const fault = callFault(await reconcile(...request).catch((error: unknown) => causeOf(error)));
    return `${status[fault.code]} ${fault.message}`;
  };
  expect(await refused([[], second?.resumeToken ?? ''])).toMatch(/^INVALID_ARGUMENT resume_token/);
  expect(await refused([ids, 'garbage'])).toMatch(/^INVALID_ARGUMENT resume_token/);
  expect(await refused([['one']])).toMatch(/^INVALID_ARGUMENT account_ids\[0\]/);
  const many = Array.from({ length: 1_001 }, () => randomUUID());
  expect(await refused([many])).toMatch(/^INVALID_ARGUMENT account_ids/);
});

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : error);
