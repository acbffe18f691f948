/**
 * How much each scenario does: the sizes of a full run, and a tenth of them, once, for --quick.
 * Full sizes are those of the targets (10 million items for memory, 5 million for growth, a million
 * cold accounts); runs are as many as a noisy machine needs for a median and half an hour allows.
 */
export type Plan = {
  /** Repeats of each comparison, interleaved. */
  readonly runs: number;
  readonly messageItems: number;
  readonly warmAccounts: number;
  readonly warmUpItems: number;
  readonly bulkItems: number;
  readonly oneItemMessages: number;
  readonly floorItems: number;
  /** For peers whose best is searched for: one probe, and one run. */
  readonly probeMs: number;
  readonly peerMs: number;
  readonly unaryCalls: number;
  /** Calls of BatchGetAccounts, of 1,000 accounts each. */
  readonly batchCalls: number;
  /** Deposits that a thousand watchers are told of. */
  readonly fanOutEvents: number;
  readonly idleCalls: number;
  /** Calls by which the lowered capacity is found, and how long each load is offered. */
  readonly overloadCalls: number;
  readonly overloadMs: number;
  readonly offeredPerSecond: number;
  readonly offeredItems: number;
  readonly coldAccounts: number;
  /**
   * Of command-svc: fewer than a slice of the cold accounts has, more than there are warm ones. In
   * a full run it is the service's own default.
   */
  readonly cachedAccountsMax: number;
  readonly replicaItems: number;
  readonly modeItems: number;
  readonly transferItems: number;
  readonly longItems: number;
  /** Events stored before the growth window, or a rebuild beside a stream, begins. */
  readonly growthAt: number;
  /** How long a stream has the bank to itself before a rebuild begins beside it. */
  readonly besideAloneMs: number;
};

export const FULL: Plan = {
  runs: 3,
  messageItems: 2_000,
  warmAccounts: 10_000,
  warmUpItems: 300_000,
  bulkItems: 600_000,
  oneItemMessages: 60_000,
  floorItems: 500_000,
  probeMs: 1_000,
  peerMs: 3_000,
  unaryCalls: 20_000,
  batchCalls: 400,
  fanOutEvents: 300,
  idleCalls: 300,
  overloadCalls: 1_000,
  overloadMs: 10_000,
  offeredPerSecond: 20_000,
  offeredItems: 200_000,
  coldAccounts: 1_000_000,
  cachedAccountsMax: 50_000,
  replicaItems: 300_000,
  modeItems: 300_000,
  transferItems: 200_000,
  longItems: 10_000_000,
  growthAt: 5_000_000,
  besideAloneMs: 20_000,
};

/** Counts are a tenth; what is a property of the load (message, warm accounts, rate) stays. */
export const QUICK: Plan = {
  ...FULL,
  runs: 1,
  warmUpItems: FULL.warmUpItems / 3,
  bulkItems: FULL.bulkItems / 10,
  oneItemMessages: FULL.oneItemMessages / 10,
  floorItems: FULL.floorItems / 2, // a tenth would be over before it has begun
  probeMs: FULL.probeMs / 4,
  peerMs: FULL.peerMs / 4,
  unaryCalls: FULL.unaryCalls / 10,
  batchCalls: FULL.batchCalls / 10,
  fanOutEvents: FULL.fanOutEvents / 10,
  idleCalls: FULL.idleCalls / 3,
  overloadCalls: FULL.overloadCalls / 4,
  overloadMs: FULL.overloadMs / 2,
  offeredItems: FULL.offeredItems / 4,
  coldAccounts: FULL.coldAccounts / 10,
  cachedAccountsMax: 20_000,
  replicaItems: FULL.replicaItems / 10,
  modeItems: FULL.modeItems / 10,
  transferItems: FULL.transferItems / 5,
  longItems: FULL.longItems / 10,
  growthAt: FULL.growthAt / 10,
  besideAloneMs: FULL.besideAloneMs / 4,
};

/** To see that the harness works, in seconds; its figures say nothing. */
export const TINY: Plan = {
  ...QUICK,
  warmUpItems: 4_000,
  bulkItems: 4_000,
  oneItemMessages: 500,
  floorItems: 10_000,
  probeMs: 50,
  peerMs: 100,
  unaryCalls: 300,
  idleCalls: 10,
  overloadCalls: 50,
  overloadMs: 300,
  offeredItems: 4_000,
  coldAccounts: 12_000,
  cachedAccountsMax: 1_000,
  warmAccounts: 500,
  messageItems: 200,
  replicaItems: 4_000,
  modeItems: 4_000,
  transferItems: 4_000,
  longItems: 20_000,
  growthAt: 10_000,
  besideAloneMs: 300,
};
