/**
 * Carries the schedule out, strike by strike: the faults are done, held, healed, and the canary
 * tells when all flows again. That time, from the moment when everything that was taken away
 * answers again, is what a fault has cost beyond itself.
 */
import { sleep } from '#platform/waiting.ts';
import type { Canary } from './canary.ts';
import type { StruckFault } from './history/history-part.ts';
import { kindOf } from './kinds/fault-kinds.ts';
import type { Fault } from './kinds/fault.ts';
import type { FaultyMesh } from './mesh/faulty-mesh.ts';
import { faultText, strikeText, type Strike } from './schedule.ts';

export type Struck = {
  readonly strike: Strike;
  /** From the first fault to the moment when everything answers again. */
  readonly faults: StruckFault[];
  /** How long parts took to be there again. */
  readonly startMs: number;
  /** From then on to the canary's last acknowledgement. */
  readonly recoveryMs: number;
};

export type StrikesContext = {
  readonly mesh: FaultyMesh;
  readonly canary: Canary;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
};

/** Beyond it the mesh counts as not coming back. */
const PATIENCE_MS = 60_000;
/** What a strike mostly takes beyond the time for which it is held. */
const AFTER_HELD_MS = 5_000;

export class NeverFlowsAgain extends Error {
  override readonly name = 'NeverFlowsAgain';
}

/** Until the time that is left is too short for the next one; what has begun is carried out. */
export async function strikeAll(
  ctx: StrikesContext,
  schedule: readonly Strike[],
  endsAtMs: number,
  onStruck: (struck: Struck) => void,
): Promise<void> {
  for (const strike of schedule) {
    const heldMs = Math.max(...strike.faults.map((fault) => fault.heldMs));
    const takesMs = strike.pauseMs + heldMs + AFTER_HELD_MS;
    if (performance.now() + takesMs > endsAtMs) return;
    await sleep(strike.pauseMs, ctx.signal);
    onStruck(await strikeOnce(ctx, strike));
  }
}

async function strikeOnce(ctx: StrikesContext, strike: Strike): Promise<Struck> {
  const { canary, say } = ctx;
  const struck = await Promise.all(strike.faults.map((fault) => strikeFault(ctx, fault)));
  const healingMs = Math.max(...struck.map(({ healingMs }) => healingMs));
  const healedMs = performance.now();
  const faults = struck.map(({ fault }) => fault);
  try {
    await canary.flows(PATIENCE_MS);
  } catch (error) {
    const what = `nothing flows again ${PATIENCE_MS / 1000} s after this was healed`;
    throw new NeverFlowsAgain(`${what}: ${strikeText(strike)}`, { cause: error });
  }
  const recoveryMs = performance.now() - healedMs;
  const times = `there again in ${seconds(healingMs)}, flows in ${seconds(recoveryMs)}`;
  say(`${seconds(performance.now())}  ${strike.faults.map(faultText).join(' and ')}: ${times}`);
  return { strike, faults, startMs: healingMs, recoveryMs };
}

async function strikeFault(
  { mesh, signal }: StrikesContext,
  fault: Fault,
): Promise<{ fault: StruckFault; healingMs: number }> {
  const fromMs = performance.now();
  const heal = await kindOf(fault.kind).strike(mesh, fault);
  await sleep(fault.heldMs, signal).catch(() => undefined); // healed all the same
  const healsMs = performance.now();
  await heal();
  const toMs = performance.now();
  return { fault: { text: faultText(fault), fromMs, toMs }, healingMs: toMs - healsMs };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
