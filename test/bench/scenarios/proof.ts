/**
 * What proof costs: the hash chain as a part of all the CPU that an item of a bulk run takes, and
 * how fast everything that earlier runs have stored is verified, with nothing else to do.
 */
import { followVerification } from '#client/verification.ts';
import { uuidToBytes } from '#platform/uuid.ts';
import { EventType } from '#proto/bank/event/v1/events.ts';
import { chainHash, NO_HASH } from '../../../command-svc/event-chain.ts';
import { uniformly } from '../account-ids.ts';
import { requireEqual } from '../check-failed.ts';
import { readLedger } from '../ledger-facts.ts';
import { depositMessages, repeated } from '../load-messages.ts';
import { measureCosts } from '../process-costs.ts';
import { Samples } from '../samples.ts';
import type { Scenario, ScenarioContext } from '../scenario.ts';
import { perSecond } from '../statistics.ts';

const SEED = 9;
const MESSAGES_MAX = 150;
const HASHES = 400_000;
/** Of a deposit with a reference of 12 characters. */
const PAYLOAD_BYTES = 42;
/** All of the mesh; what makes the load is none of it. */
const MESH = ['command', 'projector', 'query', 'postgres', 'connect', 'kafka', 'redis'];

export const proof: Scenario = {
  name: 'proof',
  figures: ['chain', 'verify'],
  run: async (context) => {
    chainMicros(HASHES); // compiled
    for (let run = 0; run < context.plan.runs; run++) {
      await chain(context);
      await verify(context);
    }
  },
};

async function chain({ plan, measured, accounts, samples, say }: ScenarioContext): Promise<void> {
  const items = Math.min(plan.bulkItems, MESSAGES_MAX * plan.messageItems);
  const messages = depositMessages(uniformly(accounts, SEED), items, plan.messageItems);
  const costs = new Samples();
  await measureCosts(measured.bank, costs, async () => {
    const times = await measured.bulk('proof', repeated(messages, plan.bulkItems));
    return times.items;
  });
  const allMicros = MESH.flatMap((name) => costs.of(`cpu.${name}_us`)).reduce((a, b) => a + b, 0);
  const hashMicros = chainMicros(HASHES);
  samples.add('chain.cpu_us', hashMicros);
  samples.add('chain.cpu_cost', hashMicros / allMicros);
  say(`chain: ${hashMicros.toFixed(2)} of ${allMicros.toFixed(1)} us an item`);
}

/** CPU of the hash of one event, in a chain of so many. */
function chainMicros(count: number): number {
  const accountBytes = uuidToBytes('5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40');
  const type = EventType.EVENT_TYPE_MONEY_DEPOSITED;
  const operationId = undefined;
  const payload = Buffer.alloc(PAYLOAD_BYTES, 7);
  const before = process.cpuUsage();
  let hash = NO_HASH;
  for (let n = 1; n <= count; n++) {
    const version = BigInt(n);
    const facts = { accountBytes, version, type, recordedAtMicros: 1_780_000_000_000_000n };
    hash = chainHash(hash, { ...facts, operationId }, payload, 0, PAYLOAD_BYTES);
  }
  const { user, system } = process.cpuUsage(before);
  requireEqual('bytes of the last hash', BigInt(hash.length), 32n);
  return (user + system) / count;
}

async function verify({ measured, samples, say }: ScenarioContext): Promise<void> {
  const { client, stores } = measured.bank;
  const { events: stored } = await readLedger(stores);
  const startedMs = performance.now();
  for await (const { findings, progress } of followVerification(client.eventLog)) {
    requireEqual('findings', BigInt(findings.length), 0n);
    if (progress?.complete !== true) continue;
    requireEqual('events verified', progress.verifiedEvents, stored);
    const tookMs = performance.now() - startedMs;
    samples.add('verify.events_per_s', perSecond(Number(stored), tookMs));
    say(`verify: ${stored} events in ${(tookMs / 1000).toFixed(1)} s`);
  }
}
