/**
 * The bulk column against the normal column of the settings, same load: the pair of command-svc and
 * projector-svc is started anew with one and with the other in turn, and warmed up. Normal is a
 * replica whose bulk settings are its normal ones, so that a stream changes nothing.
 */
import { createBankClient } from '#client/bank-client.ts';
import { uniformly } from '../account-ids.ts';
import { startReplica } from '../bank.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import { RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';
import { modeEnv, type Mode } from '../mode-settings.ts';

const SEED = 6;

export const bulkMode: Scenario = {
  name: 'bulk mode',
  figures: ['bulk.mode_over_normal', 'bulk.mode_per_s', 'bulk.normal_per_s'],
  run: async (context) => {
    const { plan, measured, accounts, samples, say } = context;
    const messages = depositMessages(uniformly(accounts, SEED), plan.modeItems, plan.messageItems);
    const usual = [
      ...measured.bank.mesh.services.command,
      ...measured.bank.mesh.services.projector,
    ];
    await Promise.all(usual.map((part) => part.stop()));
    try {
      for (let run = 0; run < plan.runs; run++) {
        const rates = { bulk: 0, normal: 0 };
        // Who goes first changes from run to run.
        const modes = run % 2 === 0 ? (['bulk', 'normal'] as const) : (['normal', 'bulk'] as const);
        for (const mode of modes) rates[mode] = await rateIn(mode, context, messages);
        const { bulk, normal } = rates;
        say(`bulk column ${Math.round(bulk)}/s, normal column ${Math.round(normal)}/s`);
        samples.add('bulk.mode_per_s', bulk);
        samples.add('bulk.normal_per_s', normal);
        samples.add('bulk.mode_over_normal', bulk / normal);
      }
    } finally {
      await Promise.all(usual.map((part) => part.start()));
    }
  },
};

async function rateIn(
  mode: Mode,
  { plan, measured }: ScenarioContext,
  messages: readonly LoadMessage[],
): Promise<number> {
  const { bank } = measured;
  const [command, projector] = await Promise.all([
    startReplica(bank, 'command', 1, {
      ...modeEnv('command', mode),
      BANK_COMMAND_CACHED_ACCOUNTS_MAX: String(plan.cachedAccountsMax),
    }),
    startReplica(bank, 'projector', 1, modeEnv('projector', mode)),
  ]);
  const raw = new RawClient(command.address);
  const addresses = { ...bank.mesh.addresses, projector: [projector.address] };
  const client = createBankClient(addresses);
  const targets = { command: raw, projector: client.projector, signal: bank.signal };
  try {
    await measured.bulk(`${mode}-warm-up`, repeated(messages, plan.warmUpItems / 2), { targets });
    const load = repeated(messages, plan.modeItems);
    const { items, acknowledgedMs } = await measured.bulk(mode, load, { targets });
    return perSecond(items, acknowledgedMs);
  } finally {
    raw.close();
    client.close();
    await Promise.all([command.part.stop(), projector.part.stop()]);
  }
}
