/**
 * Faults of the ways between two members: slow, thin, silent (half-open: bytes vanish and nothing
 * is closed), reset, down.
 */
import type { FaultyMesh } from '../mesh/faulty-mesh.ts';
import type { Toxic } from '../mesh/toxiproxy.ts';
import { allWays } from '../mesh/ways.ts';
import { between, betweenPowers, type Fault, type FaultKind, type Heal } from './fault.ts';

const LATENCY_MS = { least: 20, most: 2000 } as const;
const KILOBYTES_A_SECOND = { least: 5, most: 500 } as const;
const RESET_AFTER_MS = { least: 0, most: 500 } as const;
const BOTH = ['upstream', 'downstream'] as const;
const UP = ['upstream'] as const;
const DOWN = ['downstream'] as const;

function poisoned(name: string, toxicsOf: (fault: Fault) => readonly Toxic[]): FaultKind {
  const strike = async ({ proxies }: FaultyMesh, fault: Fault): Promise<Heal> => {
    await proxies.poison(fault.target, toxicsOf(fault));
    return () => proxies.heal(fault.target);
  };
  return { name, targets: allWays(), needs: [], strike };
}

export const slow = poisoned('slow', ({ strength }) => {
  const latency = betweenPowers(LATENCY_MS.least, LATENCY_MS.most, strength);
  return [{ type: 'latency', stream: 'downstream', attributes: { latency, jitter: latency >> 2 } }];
});

export const thin = poisoned('thin', ({ strength }) => {
  const rate = betweenPowers(KILOBYTES_A_SECOND.least, KILOBYTES_A_SECOND.most, strength);
  return BOTH.map((stream): Toxic => ({ type: 'bandwidth', stream, attributes: { rate } }));
});

export const halfOpen = poisoned('half-open', ({ strength }) => {
  // Both directions, or only one of them.
  const silent = strength < 0.4 ? BOTH : strength < 0.7 ? UP : DOWN;
  return silent.map((stream): Toxic => ({ type: 'timeout', stream, attributes: { timeout: 0 } }));
});

export const reset = poisoned('reset', ({ strength }) => {
  const timeout = between(RESET_AFTER_MS.least, RESET_AFTER_MS.most, strength);
  return [{ type: 'reset_peer', stream: 'downstream', attributes: { timeout } }];
});

export const down: FaultKind = {
  name: 'down',
  targets: allWays(),
  needs: [],
  strike: async ({ proxies }, { target }) => {
    await proxies.setUp(target, false);
    return () => proxies.setUp(target, true);
  },
};
