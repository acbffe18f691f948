/**
 * What a scenario is: a few figures that share their runs. It adds values to a draft of its own,
 * which is taken over only when all of its runs have reconciled.
 */
import type { MeasuredBank } from './measured-bank.ts';
import type { Peers } from './peers/peers.ts';
import type { Plan } from './plan.ts';
import type { Samples } from './samples.ts';

export type ScenarioContext = {
  readonly plan: Plan;
  readonly measured: MeasuredBank;
  /** The warm accounts: opened, and cached by command-svc. */
  readonly accounts: readonly string[];
  /** There for scenarios that need them. */
  readonly peers: Peers | undefined;
  readonly samples: Samples;
  readonly say: (line: string) => void;
};

export type Scenario = {
  readonly name: string;
  /** By name, or by the part before a dot: `cpu` stands for every figure below it. */
  readonly figures: readonly string[];
  /** Needs a mesh that has stored next to nothing. */
  readonly ownMesh?: boolean;
  readonly needsPeers?: boolean;
  readonly run: (context: ScenarioContext) => Promise<void>;
};

export function measures(scenario: Scenario, figure: string): boolean {
  return scenario.figures.some((name) => figure === name || figure.startsWith(`${name}.`));
}

/** The peers of a scenario that has said that it needs them. */
export function peersOf({ peers }: ScenarioContext): Peers {
  if (peers === undefined) throw new Error('the scenario has not said that it needs peers');
  return peers;
}
