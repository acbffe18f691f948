/**
 * What telemetry costs: CPU an item of command-svc and projector-svc together, with telemetry as it
 * is by default (traces and metrics sent, a tenth of the traces sampled, the page read) against
 * without, the same load. The pair is started anew with the one and with the other in turn, and
 * warmed up; who goes first changes. CPU time and not the rate: that is too noisy for a few
 * hundredths.
 */
import { createBankClient } from '#client/bank-client.ts';
import { freePort } from '#deploy/local/ports.ts';
import { uniformly } from '../account-ids.ts';
import { startReplica, type StartedReplica } from '../bank.ts';
import { CheckFailedError } from '../check-failed.ts';
import { depositMessages, repeated, type LoadMessage } from '../load-messages.ts';
import { RawClient } from '../raw-client.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { startTelemetrySink, type TelemetrySink } from '../telemetry-sink.ts';

const SEED = 8;
/** Of plan.runs: a ratio of a few hundredths needs more pairs than a rate. */
const PAIRS_A_RUN = 2;
const US_PER_MS = 1_000;

type Telemetry = 'on' | 'off';
type Replica = StartedReplica & { readonly page: string };

export const telemetryCost: Scenario = {
  name: 'telemetry',
  figures: ['telemetry.cpu_cost', 'telemetry.cpu_on_us', 'telemetry.cpu_off_us'],
  run: async (context) => {
    const { plan, measured, accounts, samples, say } = context;
    const messages = depositMessages(uniformly(accounts, SEED), plan.modeItems, plan.messageItems);
    const { command, projector } = measured.bank.mesh.services;
    const usual = [...command, ...projector];
    const sink = await startTelemetrySink();
    await Promise.all(usual.map((part) => part.stop()));
    try {
      for (let pair = 0; pair < plan.runs * PAIRS_A_RUN; pair++) {
        const cpuUs = { on: 0, off: 0 };
        const turns = pair % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const);
        for (const telemetry of turns) {
          const before = sink.bytes();
          const turn = await takeTurn(telemetry, context, messages, sink);
          checkTaken(telemetry, turn.looks(), before, sink);
          cpuUs[telemetry] = turn.cpuUs;
        }
        const { on, off } = cpuUs;
        say(`${on.toFixed(2)} us an item with telemetry, ${off.toFixed(2)} without`);
        samples.add('telemetry.cpu_on_us', on);
        samples.add('telemetry.cpu_off_us', off);
        samples.add('telemetry.cpu_cost', on / off);
      }
      const { traces, metrics } = sink.bytes();
      say(`sent: ${traces} bytes of traces, ${metrics} of metrics`);
    } finally {
      sink.close();
      await Promise.all(usual.map((part) => part.start()));
    }
  },
};

async function takeTurn(
  telemetry: Telemetry,
  { plan, measured }: ScenarioContext,
  messages: readonly LoadMessage[],
  sink: TelemetrySink,
): Promise<{ cpuUs: number; looks: () => number }> {
  const { bank } = measured;
  const start = async (service: 'command' | 'projector'): Promise<Replica> => {
    const page = `127.0.0.1:${await freePort()}`;
    const cached = { BANK_COMMAND_CACHED_ACCOUNTS_MAX: String(plan.cachedAccountsMax) };
    const env = { ...cached, ...envOf(telemetry, page, sink) };
    return { ...(await startReplica(bank, service, 1, env)), page };
  };
  const [command, projector] = await Promise.all([start('command'), start('projector')]);
  const raw = new RawClient(command.address);
  const client = createBankClient({ ...bank.mesh.addresses, projector: [projector.address] });
  const targets = { command: raw, projector: client.projector, signal: bank.signal };
  const pages = telemetry === 'on' ? [command.page, projector.page] : [];
  const stopScraping = sink.scrape(pages);
  try {
    await measured.bulk(`telemetry-${telemetry}-warm-up`, repeated(messages, plan.warmUpItems), {
      targets,
    });
    const cpuMs = (): number => command.part.cpuMs() + projector.part.cpuMs();
    const startedMs = cpuMs();
    const load = repeated(messages, plan.modeItems);
    const { items } = await measured.bulk(`telemetry-${telemetry}`, load, { targets });
    return { cpuUs: ((cpuMs() - startedMs) * US_PER_MS) / items, looks: stopScraping };
  } finally {
    stopScraping();
    raw.close();
    client.close();
    await Promise.all([command.part.stop(), projector.part.stop()]);
  }
}

function envOf(telemetry: Telemetry, page: string, { url }: TelemetrySink): Record<string, string> {
  return telemetry === 'on'
    ? { BANK_METRICS_LISTEN: page, OTEL_EXPORTER_OTLP_ENDPOINT: url }
    : { BANK_METRICS_LISTEN: '', OTEL_EXPORTER_OTLP_ENDPOINT: '' };
}

/** A telemetry that nobody took would cost nothing. */
function checkTaken(
  telemetry: Telemetry,
  looks: number,
  before: ReturnType<TelemetrySink['bytes']>,
  sink: TelemetrySink,
): void {
  const { traces, metrics } = sink.bytes();
  const isTaken = looks > 0 && metrics > before.metrics;
  const isNone = looks === 0 && metrics === before.metrics && traces === before.traces;
  if (telemetry === 'on' ? isTaken : isNone) return;
  throw new CheckFailedError(`telemetry was to be ${telemetry}: pages were read ${looks} times`);
}
