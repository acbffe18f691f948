/**
 * Two replicas under a random mix on few accounts: unary deposits, bulk streams, mixed streams,
 * batches item by item and batches that stand or fall together, some of which are refused. No gap,
 * no fork, nothing lost or doubled, no item put off for ever, and no error in a log.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BankClient } from '#client/bank-client.ts';
import { unaryCall } from '#client/unary-call.ts';
import { BatchMode } from '#proto/bank/v1/bulk_service.ts';
import { depositItem, faultOf, openAccounts, sendDeposits } from '#test/support/bank-calls.ts';
import { sendBatch, sendSubmit } from '#test/support/direct-batches.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { loggedErrors } from '#test/support/logged-errors.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { makePayroll, type Payroll, type PayrollItem } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';

const ACCOUNTS = 8;
const ROUNDS = 12;
const ITEMS_MAX = 150;

type Kind = 'bulk' | 'mixed' | 'each' | 'atomic' | 'refused';
const KINDS: readonly Kind[] = ['bulk', 'mixed', 'each', 'atomic', 'atomic', 'refused'];

describe('two replicas under a mix of all calls', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 2, projector: 1 });
  });
  afterAll(() => mesh.close());

  test('keep every account right', async () => {
    const whole = makePayroll(random, { accounts: ACCOUNTS, items: 10_000 });
    await openAccounts(mesh.client, whole);
    const clients = [mesh.clientOf('command-1'), mesh.clientOf('command-2')] as const;
    const stored: Payroll[] = [];
    const alone: PayrollItem[] = [];
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
      const { accounts } = client;
      for (let n = 0; n < ROUNDS * 8; n++) {
        const [item] = items(1);
        if (item === undefined) throw new Error('the payroll is too short');
        alone.push(item);
        const request = { ...depositItem(item), expectedVersion: 0n, validateOnly: false };
        await unaryCall(accounts.deposit.bind(accounts), request, { deadlineMs: 30_000 });
      }
    };
    const workers = clients.flatMap((client, n) => [
      submissions(client, 2 * n),
      submissions(client, 2 * n + 1),
      singles(client),
      singles(client),
    ]);
    await Promise.all(workers);
    expect(errors()).toEqual([]);
    const single = { accounts: whole.accounts, submissionId: 'alone', items: alone };
    await checkLedger({ stores: mesh.stores, seed, payrolls: stored, alone: single });
    const { rows } = await mesh.stores.eventStore.query(
      "select submission_id from submissions where submission_id like '%-refused'",
    );
    expect(rows).toEqual([]);
  });

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

  function errors(): string[] {
    return loggedErrors(['command-1', 'command-2'].map((name) => mesh.replica(name).logFile));
  }
});
