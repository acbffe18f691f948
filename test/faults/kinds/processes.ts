/**
 * Faults of processes: killed (-9) and kept away, stopped where they are (SIGSTOP), restarted in
 * good order, restarted with a wrong clock.
 */
import type { Part } from '#deploy/local/part.ts';
import { sleep } from '#platform/waiting.ts';
import { INSTANCES, PARTS } from '../mesh/ways.ts';
import { betweenPowers, type FaultKind } from './fault.ts';

const EVERYTHING = [...INSTANCES, ...PARTS];
/** PostgreSQL refuses to start while backends of the killed one are still there. */
const STARTS_MAX = 20;
const START_PAUSE_MS = 250;
const RUNNING_MS = 60_000;
const SKEW_MS = { least: 200, most: 2 * 60 * 60_000 } as const;

export const killed: FaultKind = {
  name: 'killed -9',
  targets: EVERYTHING,
  needs: [],
  strike: async (mesh, { target }) => {
    const part = mesh.part(target);
    await part.stop('SIGKILL');
    return () => startAgain(part);
  },
};

export const stopped: FaultKind = {
  name: 'stopped',
  targets: EVERYTHING,
  needs: [],
  strike: async (mesh, { target }) => {
    const part = mesh.part(target);
    await part.whenRunning(RUNNING_MS); // it may just be coming back by itself
    part.pause();
    return () => Promise.resolve(part.resume());
  },
};

export const restarted: FaultKind = {
  name: 'restarted',
  targets: EVERYTHING,
  needs: [],
  strike: async (mesh, { target }) => {
    const part = mesh.part(target);
    await part.stop();
    return () => startAgain(part);
  },
};

export const clockSkewed: FaultKind = {
  name: 'clock skewed',
  targets: INSTANCES,
  needs: [],
  strike: async (mesh, { target, strength }) => {
    const part = mesh.part(target);
    // One half of the strengths is ahead, the other behind.
    const share = Math.abs(strength - 0.5) * 2;
    const skewMs = betweenPowers(SKEW_MS.least, SKEW_MS.most, share) * (strength < 0.5 ? -1 : 1);
    mesh.setClock(target, skewMs);
    await part.stop('SIGKILL');
    await startAgain(part);
    return async () => {
      mesh.setClock(target, 0);
      await part.stop('SIGKILL');
      await startAgain(part);
    };
  },
};

async function startAgain(part: Part): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await part.start();
    } catch (error) {
      if (attempt === STARTS_MAX) throw error;
      await sleep(START_PAUSE_MS);
    }
  }
}
