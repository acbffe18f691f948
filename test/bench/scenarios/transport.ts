/**
 * What TLS, certificates and passwords everywhere cost: the same loads on the shared mesh, which is
 * plaintext, and on a secure one beside it, in turn. CPU time of every process of the mesh that
 * works, and of the load generator; of time itself nothing, for two meshes share the machine.
 */
import { SERVICES, type Service } from '#deploy/local/services.ts';
import { uniformly } from '../account-ids.ts';
import { openBank, type Bank } from '../bank.ts';
import { depositMessages, repeated } from '../load-messages.ts';
import { MeasuredBank } from '../measured-bank.ts';
import { PATHS } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { depositRequests, runUnary, sentDeposits } from '../unary-run.ts';

const SEED = 20;
const IN_FLIGHT = 64;
const LOADS = ['bulk', 'unary'] as const;

export const transport: Scenario = {
  name: 'transport',
  figures: ['tls'],
  run: async (context) => {
    const { plan, measured, accounts, samples, say } = context;
    const failing = new AbortController();
    const signal = AbortSignal.any([measured.bank.signal, failing.signal]);
    const cached = { BANK_COMMAND_CACHED_ACCOUNTS_MAX: String(plan.cachedAccountsMax) };
    const env = { command: cached, query: {}, projector: {} } satisfies Record<Service, object>;
    const bank = await openBank('secure', env, signal, (why) => failing.abort(why), true);
    try {
      const secure = new MeasuredBank(bank);
      await secure.open(accounts, plan.messageItems);
      for (const one of [secure, measured]) await costsOf(one, context); // warms up
      for (let run = 0; run < plan.runs; run++) {
        // Who goes first changes from run to run.
        const order = run % 2 === 0 ? [measured, secure] : [secure, measured];
        const costs = new Map<MeasuredBank, Costs>();
        for (const one of order) costs.set(one, await costsOf(one, context));
        for (const load of LOADS) {
          const plain = costs.get(measured)?.[load] ?? Number.NaN;
          const secured = costs.get(secure)?.[load] ?? Number.NaN;
          say(`${load}: plain ${plain.toFixed(1)} us an item, secure ${secured.toFixed(1)}`);
          samples.add(`tls.${load}_plain_us`, plain);
          samples.add(`tls.${load}_secure_us`, secured);
          samples.add(`tls.${load}_cpu_over_plain`, secured / plain);
        }
      }
    } finally {
      await bank.stop();
    }
  },
};

/** Microseconds an item. */
type Costs = Record<(typeof LOADS)[number], number>;

async function costsOf(
  measured: MeasuredBank,
  { plan, accounts }: ScenarioContext,
): Promise<Costs> {
  const { bank } = measured;
  const messages = depositMessages(uniformly(accounts, SEED), plan.modeItems, plan.messageItems);
  const bulk = await cpuOf(bank, async () => {
    return (await measured.bulk('transport', repeated(messages, plan.modeItems))).items;
  });
  const requests = depositRequests(uniformly(accounts, SEED), plan.unaryCalls);
  const load = { path: PATHS.deposit, requests, inFlight: IN_FLIGHT };
  const unary = await cpuOf(bank, () =>
    measured.reconciled(async () => {
      const { calls } = await runUnary(bank.command, load);
      return { result: calls, sent: sentDeposits(calls) };
    }),
  );
  return { bulk, unary };
}

async function cpuOf({ mesh }: Bank, run: () => Promise<number>): Promise<number> {
  const parts = [
    ...Object.values(mesh.stack.parts),
    ...SERVICES.flatMap((service) => mesh.services[service]),
  ];
  const cpuMs = (): number => {
    const { user, system } = process.cpuUsage();
    return parts.reduce((ms, part) => ms + part.cpuMs(), (user + system) / 1000);
  };
  const before = cpuMs();
  const items = await run();
  return ((cpuMs() - before) * 1000) / items;
}
