/**
 * A rebuild on the whole mesh: its replica is killed in the middle of it, another resumes it, and
 * it takes the place of the live projection while a payroll runs through. Nothing is lost or
 * doubled, the comparison with the events finds nothing, and its command says so by its exit code.
 */
import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { unaryCall } from '#client/unary-call.ts';
import {
  RebuildState,
  rebuildStateToJSON,
  type ProjectorServiceClient,
  type Rebuild,
} from '#proto/bank/v1/projector_service.ts';
import { openAccounts, readFeed, sendDeposits } from '#test/support/bank-calls.ts';
import { waitForProjection } from '#test/support/check-projection.ts';
import { checkLedger } from '#test/support/ledger-check.ts';
import { openMesh, type Mesh } from '#test/support/mesh.ts';
import { expectedBalances, makePayroll } from '#test/support/payroll.ts';
import { freshSeed, seededRandom } from '#test/support/random.ts';
import { until } from '#test/support/until.ts';

const REBUILD_MS = 60_000;
const ENTRY = 'deploy/reconcile.ts';

describe('a rebuild', () => {
  let mesh: Mesh;
  const seed = freshSeed();
  const random = seededRandom(seed);
  beforeAll(async () => {
    mesh = await openMesh({ command: 1, projector: 2, query: 1 });
  });
  afterAll(() => mesh.close());

  const projectors = new Map<string, ProjectorServiceClient>();
  const projectorOf = (instance: string): ProjectorServiceClient => {
    const projector = projectors.get(instance) ?? mesh.clientOf(instance).projector;
    projectors.set(instance, projector);
    return projector;
  };
  const rebuildAt = async (instance: string): Promise<Rebuild> => {
    const projector = projectorOf(instance);
    const { rebuild } = await unaryCall(projector.getRebuild.bind(projector), {});
    if (rebuild === undefined) throw new Error('an answer without a rebuild');
    return rebuild;
  };
  const start = async (instance: string): Promise<string> => {
    const projector = projectorOf(instance);
    const { rebuild } = await unaryCall(projector.startRebuild.bind(projector), {});
    return rebuild?.rebuildId ?? '';
  };
  const reaches = (instance: string, state: RebuildState): Promise<boolean> =>
    until(
      `a rebuild ${rebuildStateToJSON(state)}`,
      async () => (await rebuildAt(instance)).state === state,
      { timeoutMs: REBUILD_MS, detail: async () => (await rebuildAt(instance)).message },
    );

  test('survives its replica, and is swapped in under a running payroll', async () => {
    const payroll = makePayroll(random, { accounts: 60, items: 9_000, dirt: 0.02 });
    await openAccounts(mesh.client, payroll);
    await waitForProjection(mesh.stores);

    const held = mesh.points.arm('rebuild.after-commit', { instance: 'projector-1' });
    const rebuildId = await start('projector-1');
    await held.reached();
    await mesh.kill('projector-1');
    held.release();
    await reaches('projector-2', RebuildState.REBUILD_STATE_STOPPED);
    expect(await start('projector-2')).toBe(rebuildId);
    await reaches('projector-2', RebuildState.REBUILD_STATE_CAUGHT_UP);
    await mesh.restart('projector-1');

    const feed = readFeed(mesh.client, payroll.submissionId);
    const swapped = Promise.withResolvers<Rebuild | undefined>();
    swapped.promise.catch(() => undefined); // awaited below
    const receipt = await sendDeposits(mesh.client, {
      ...payroll,
      messageItems: 100,
      // The swap runs beside the messages behind the third; they do not wait for it.
      beforeMessage: (index) => {
        if (index === 300) void swap(rebuildId).then(swapped.resolve, swapped.reject);
      },
    });
    expect(receipt.received).toBe(9_000n);
    expect(await swapped.promise).toMatchObject({
      state: RebuildState.REBUILD_STATE_SWAPPED,
      differences: 0n,
    });
    const acknowledgements = new Map([[payroll.submissionId, await feed]]);
    await checkLedger({ stores: mesh.stores, seed, payrolls: [payroll], acknowledgements });
    const { queries } = mesh.client;
    for (const [accountId, balance] of expectedBalances([payroll])) {
      const request = { accountId, minVersion: 1n };
      const { account } = await unaryCall(queries.getAccount.bind(queries), request);
      expect(account?.balance?.minorUnits).toBe(balance);
    }
    expect(await reconcileCommand(mesh)).toBe(0);

    const projector = projectorOf('projector-2');
    await unaryCall(projector.dropRebuild.bind(projector), { rebuildId });
    const wrong = payroll.accounts[0]?.accountId ?? '';
    const damage = 'update balances set balance_minor = balance_minor + $2 where account_id = $1';
    await mesh.stores.projectionStore.query(damage, [wrong, 1]);
    expect(await reconcileCommand(mesh, '--account', wrong)).toBe(1);
    await mesh.stores.projectionStore.query(damage, [wrong, -1]);
  });

  async function swap(rebuildId: string): Promise<Rebuild | undefined> {
    const projector = projectorOf('projector-1');
    const request = { rebuildId, acceptDifferences: false };
    const swapping = unaryCall(projector.swapRebuild.bind(projector), request, {
      deadlineMs: REBUILD_MS,
    });
    return (await swapping).rebuild;
  }
});

/** The exit code of `npm run reconcile`. */
async function reconcileCommand(mesh: Mesh, ...options: string[]): Promise<number> {
  const [projector = ''] = mesh.addresses.projector;
  return await new Promise((resolve) => {
    const args = [ENTRY, '--projector', projector, ...options];
    const child = execFile(process.execPath, args, () => resolve(child.exitCode ?? -1));
  });
}
