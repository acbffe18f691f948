/**
 * Two replicas under a random mix on few accounts: unary deposits, bulk streams, mixed streams,
 * batches item by item and batches that stand or fall together, some of which are refused. No gap,
 * no fork, nothing lost or doubled, no item put off for ever, and no error in a log. And unary
 * deposits and direct batches that come when their lane is full of a stream's items: they go first.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { freePort } from '#deploy/local/ports.ts';
import type { CommandReceipt } from '#proto/bank/v1/command_receipt.ts';
import { Event } from '#proto/bank/event/v1/events.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import { depositItem, faultOf, openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { sendBatch, sendSubmit } from '#test/support/direct-batches.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { loggedErrors } from '#test/support/logged-errors.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, partOf, type Payroll, type PayrollItem } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { storedItems } from '#test/support/stored-counts.ts';
import { readEvents } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

const ACCOUNTS = 8;
const ROUNDS = 12;
const ITEMS_MAX = 150;

/** Of a stream, in one lane: more than a batch takes, fewer than the queue. */
const QUEUED_ITEMS = 2_500;
/** Its first message: as few as one batch takes also while single commands come. */
const FIRST_ITEMS = 50;
const SINGLES = 3;
/** What a batch that single commands lead takes of a stream's items, by default. */
const BESIDE_ITEMS = 30;
const DIRECT_ITEMS = 3;

type Kind = 'bulk' | 'mixed' | 'each' | 'atomic' | 'refused';
const KINDS: readonly Kind[] = ['bulk', 'mixed', 'each', 'atomic', 'atomic', 'refused'];

describe('two replicas under a mix of all calls', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  /** Of command-3. */
  let metrics: string;
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
    metrics = `127.0.0.1:${await freePort()}`;
  });
  afterAll(() => mesh.close());

  test('keep every account right', async () => {
    const whole = makePayroll(random, { accounts: ACCOUNTS, items: 10_000 });
    await openAccounts(mesh.client, whole);
    const clients = [mesh.clientOf('command-1'), mesh.clientOf('command-2')] as const;
    const stored: Payroll[] = [];
    const alone: { item: PayrollItem; receipt: CommandReceipt }[] = [];
    let next = 0;
    const items = (count: number): PayrollItem[] => whole.items.slice(next, (next += count));

    const submissions = async (client: BankClient, worker: number): Promise<void> => {
      for (let round = 0; round < ROUNDS; round++) {
        const kind = random.pick(KINDS);
        const part: Payroll = {
          accounts: whole.accounts,
          submissionId: `${whole.submissionId}-${worker}-${round}-${kind}`,
          items: items(1 + random.below(ITEMS_MAX)),
        };
        if (kind !== 'atomic') soil(part);
        if (kind !== 'refused') stored.push(part);
        await send(client, kind, part);
      }
    };
    const singles = async (client: BankClient): Promise<void> => {
      for (let n = 0; n < ROUNDS * 8; n++) {
        const [item] = items(1);
        if (item === undefined) throw new Error('the payroll is too short');
        alone.push({ item, receipt: await deposit(client, item) });
      }
    };
    const workers = clients.flatMap((client, n) => [
      submissions(client, 2 * n),
      submissions(client, 2 * n + 1),
      singles(client),
      singles(client),
    ]);
    await Promise.all(workers);
    expect(errors('command-1', 'command-2')).toEqual([]);
    const single = { ...whole, submissionId: 'alone', items: alone.map(({ item }) => item) };
    await checkLedger({ stores: mesh.stores, seed, payrolls: stored, alone: single });
    const accountIds = whole.accounts.map(({ accountId }) => accountId);
    const events = new Map(
      (await readEvents(mesh.stores, accountIds)).map(({ account_id, version, payload }) => {
        return [`${account_id} ${version}`, Event.decode(payload)];
      }),
    );
    for (const { item, receipt } of alone) {
      expect(events.get(`${item.accountId} ${receipt.version}`)).toMatchObject({
        body: { $case: 'moneyDeposited', value: { amountMinor: item.amountMinor } },
        after: { balanceMinor: receipt.balance?.minorUnits },
      });
    }
    const { rows } = await mesh.stores.eventStore.query(
      "select submission_id from submissions where submission_id like '%-refused'",
    );
    expect(rows).toEqual([]);
  });

  test('answers single commands before what a stream has queued in their lane', async () => {
    const whole = makePayroll(random, { accounts: 1, items: QUEUED_ITEMS + SINGLES });
    const bulk = partOf(whole, 0, QUEUED_ITEMS);
    const alone = partOf(whole, QUEUED_ITEMS, QUEUED_ITEMS + SINGLES);
    await mesh.start('command', 'command-3', { BANK_METRICS_LISTEN: metrics });
    const client = mesh.clientOf('command-3');
    await openAccounts(client, whole);
    const { first, stream } = await queueStream(client, bulk);
    const singles = alone.items.map(async (item) => ({
      item,
      receipt: await deposit(client, item),
    }));
    await untilQueued('unary', SINGLES);
    const theirs = append();
    first.release();
    await theirs.reached();
    const next = append();
    theirs.release();
    const answered = await Promise.all(singles);
    await next.reached(); // the rest of the stream is behind this one
    expect(await storedItems(mesh.stores, bulk.submissionId)).toBe(FIRST_ITEMS + BESIDE_ITEMS);
    next.release();
    expect(await stream).toMatchObject({ accepted: BigInt(QUEUED_ITEMS), rejected: 0n });
    let balance = bulk.items.slice(0, FIRST_ITEMS).reduce((sum, one) => sum + one.amountMinor, 0n);
    let version = BigInt(1 + FIRST_ITEMS); // the account's opening is version 1
    answered.sort((a, b) => Number(a.receipt.version - b.receipt.version));
    for (const { item, receipt } of answered) {
      expect(receipt.version).toBe((version += 1n));
      expect(receipt.balance?.minorUnits).toBe((balance += item.amountMinor));
    }
    expect(errors('command-3')).toEqual([]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [bulk], alone });
  });

  test('answers direct batches before what a stream has queued in their lane', async () => {
    const whole = makePayroll(random, { accounts: 1, items: QUEUED_ITEMS + 2 * DIRECT_ITEMS + 1 });
    const bulk = partOf(whole, 0, QUEUED_ITEMS);
    const directAt = (from: number): Payroll => partOf(whole, from, from + DIRECT_ITEMS);
    const each = directAt(QUEUED_ITEMS);
    const atomic = directAt(QUEUED_ITEMS + DIRECT_ITEMS);
    const alone = partOf(whole, QUEUED_ITEMS + 2 * DIRECT_ITEMS, whole.items.length);
    const client = mesh.clientOf('command-3');
    await openAccounts(client, whole);
    const { first, stream } = await queueStream(client, bulk);
    const batches = [sendBatch(client, each, BatchMode.BATCH_MODE_PER_ITEM)];
    await untilQueued('submission', QUEUED_ITEMS - FIRST_ITEMS + DIRECT_ITEMS);
    batches.push(sendBatch(client, atomic));
    await untilQueued('barrier', DIRECT_ITEMS);
    // A single command comes last: of what waits behind it each batch takes few.
    const single = Promise.all(alone.items.map((item) => deposit(client, item)));
    await untilQueued('unary', 1);
    const theirs = append();
    first.release();
    await theirs.reached();
    const next = append();
    theirs.release();
    await next.reached(); // the rest of the stream is behind this one
    const stored = [each, atomic].map((one) => storedItems(mesh.stores, one.submissionId));
    expect(await Promise.all(stored)).toEqual([DIRECT_ITEMS, DIRECT_ITEMS]);
    expect(await Promise.all(batches)).toMatchObject([
      { receipt: { accepted: BigInt(DIRECT_ITEMS) } },
      { receipt: { accepted: BigInt(DIRECT_ITEMS) } },
    ]);
    next.release();
    await single;
    expect(await stream).toMatchObject({ accepted: BigInt(QUEUED_ITEMS), rejected: 0n });
    expect(errors('command-3')).toEqual([]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [bulk, each, atomic], alone });
  });

  const append = () => mesh.points.arm('append.before-send', { instance: 'command-3' });

  /** A stream to command-3: its first message is in flight, all others wait in their lane. */
  async function queueStream(client: BankClient, bulk: Payroll) {
    const first = append();
    const stream = sendDeposits(client, {
      ...bulk,
      messageItems: FIRST_ITEMS,
      beforeMessage: async (index) => void (index === FIRST_ITEMS && (await first.reached())),
    });
    await untilQueued('submission', QUEUED_ITEMS - FIRST_ITEMS);
    return { first, stream };
  }

  async function deposit(client: BankClient, item: PayrollItem): Promise<CommandReceipt> {
    const { accounts } = client;
    const request = { ...depositItem(item), expectedVersion: 0n, validateOnly: false };
    const call = unaryCall(accounts.deposit.bind(accounts), request, { deadlineMs: 30_000 });
    const { receipt } = await call;
    if (receipt === undefined) throw new Error('an answer without a receipt');
    return receipt;
  }

  /** So many items of that kind wait in the lanes of command-3. */
  async function untilQueued(kind: string, items: number): Promise<void> {
    await until(`${items} items (${kind}) wait`, async () => {
      const page = await (await fetch(`http://${metrics}/metrics`)).text();
      const line = `^bank_command_queue_items\\{.*kind="${kind}".*\\} ${items}$`;
      return new RegExp(line, 'm').test(page);
    });
  }

  /** One item of the part goes to an account that nobody has. */
  function soil({ items }: Payroll): void {
    const accountId = random.uuid();
    Object.assign(random.pick(items), { accountId, outcome: 'ACCOUNT_NOT_FOUND' });
  }

  async function send(client: BankClient, kind: Kind, part: Payroll): Promise<void> {
    const count = BigInt(part.items.length);
    if (kind === 'refused') {
      const fault = await faultOf(sendBatch(client, part));
      return expect(fault).toMatchObject({ reason: 'ACCOUNT_NOT_FOUND' });
    }
    const messageItems = 1 + random.below(60);
    if (kind === 'bulk') {
      const receipt = await sendDeposits(client, { ...part, messageItems });
      expect(receipt).toMatchObject({ received: count, rejected: 1n });
    } else if (kind === 'mixed') {
      const { receipt, results } = await sendSubmit(client, part, messageItems);
      expect([receipt.received, receipt.rejected, results]).toEqual([count, 1n, Number(count)]);
    } else {
      const mode = kind === 'each' ? BatchMode.BATCH_MODE_PER_ITEM : BatchMode.BATCH_MODE_ATOMIC;
      const { receipt, results } = await sendBatch(client, part, mode);
      expect(results).toHaveLength(Number(count));
      expect(receipt?.rejected).toBe(kind === 'each' ? 1n : 0n);
    }
  }

  function errors(...instances: string[]): string[] {
    return loggedErrors(instances.map((name) => mesh.replica(name).logFile));
  }
});
