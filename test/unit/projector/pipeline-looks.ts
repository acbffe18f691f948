/** Looks at a pipeline, made up. */
import type { ConnectorSeen, Look } from '../../../projector-svc/pipeline-look.ts';
import type { PipelineFacts, Slot } from '../../../projector-svc/sql/read-pipeline-facts.ts';

export type Seen = {
  connector: ConnectorSeen;
  /** 'unknown': PostgreSQL cannot be reached. */
  slot: Slot | undefined | 'unknown';
  kafkaAway?: boolean;
} & Partial<Omit<PipelineFacts, 'slot'>>;

const RETAINED_MAX = 1000n;

export const RUNNING = { connector: 'RUNNING', tasks: [{ id: 0, state: 'RUNNING', trace: '' }] };
export const FAILED = {
  connector: 'RUNNING',
  tasks: [{ id: 0, state: 'FAILED', trace: 'no offset' }],
};

export function slot(
  confirmedLsn: string,
  active = true,
  walStatus = 'reserved',
  retainedBytes = 10n,
): Slot {
  return { active, walStatus, confirmedLsn, retainedBytes };
}

export function lookAt(
  nowMs: number,
  { connector, slot: found, kafkaAway = false, ...rest }: Seen,
): Look {
  const facts = { retainedBytesMax: RETAINED_MAX, heartbeatAgeMs: 100n, ...rest };
  return {
    nowMs,
    at: new Date(nowMs),
    connector,
    parked: { accounts: 0n, letters: 0n },
    kafkaAway,
    facts: found === 'unknown' ? undefined : { ...facts, slot: found },
  };
}
