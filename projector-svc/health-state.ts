/**
 * The health of one thing that is looked at: ok, warning, unknown (nobody could be asked) or
 * failing, from mild to bad; and a number held against its thresholds.
 */
export const STATES = ['ok', 'warning', 'unknown', 'failing'] as const;
export type State = (typeof STATES)[number];

export type Limits = { readonly warning: bigint; readonly failing?: bigint };
export type Unit = 'bytes' | 'ms' | 'records' | 'partitions' | 'accounts';

export type Check = {
  name: string;
  state: State;
  /** For people. */
  message: string;
  value?: bigint;
  limits?: Limits;
  unit?: Unit;
};

/** No number decides. */
export function stateOnly(name: string, state: State, message: string): Check {
  return { name, state, message };
}

/** From limits.warning on it is a warning, from limits.failing on (where there is one) failing. */
export function measured(
  name: string,
  message: string,
  number: { value: bigint; limits: Limits; unit: Unit },
): Check {
  const { value, limits } = number;
  const isFailing = limits.failing !== undefined && value >= limits.failing;
  const state = isFailing ? 'failing' : value >= limits.warning ? 'warning' : 'ok';
  return { name, state, message, ...number };
}

export function worstOf(checks: readonly Check[]): State {
  const worst = Math.max(0, ...checks.map(({ state }) => STATES.indexOf(state)));
  return STATES[worst] ?? 'unknown';
}
