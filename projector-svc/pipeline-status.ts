/** The pipeline's part of GetProjectionStatus: what the watch saw last, as a message. */
import { timestampFromDate } from '#platform/timestamps.ts';
import { HealthState } from '#proto/bank/v1/projector_service.ts';
import type {
  Connector,
  PipelineCheck,
  PipelineStatus,
  ReplicationSlot,
} from '#proto/bank/v1/projector_service.ts';
import { CONNECTOR, SLOT } from './config.ts';
import { worstOf } from './health-state.ts';
import type { Check, State } from './health-state.ts';
import { parkedCheck, projectionChecks } from './pipeline-checks.ts';
import type { ProjectionSeen } from './pipeline-checks.ts';
import type { ConnectorSeen, PipelineSnapshot } from './pipeline-look.ts';
import type { PipelineFacts } from './sql/read-pipeline-facts.ts';

export function pipelineStatus(
  { look, lag, checks: watched }: PipelineSnapshot,
  projection: ProjectionSeen & { readonly parkedAccounts: bigint; readonly deadLetters: bigint },
): PipelineStatus {
  const { parkedAccounts, deadLetters } = projection;
  const parked = parkedCheck({ accounts: parkedAccounts, letters: deadLetters });
  const checks = [...watched, ...projectionChecks(projection), parked];
  const state = watched.length === 0 ? 'unknown' : worstOf(checks); // not looked yet
  return {
    state: STATE_NUMBERS[state],
    checks: checks.map(checkMessage),
    slot: look?.facts && slotMessage(look.facts),
    connector: look && connectorMessage(look.connector),
    heartbeatAgeMs: look?.facts?.heartbeatAgeMs,
    consumerLagRecords: typeof lag === 'string' ? undefined : lag.records,
    observedAt: look && timestampFromDate(look.at),
  };
}

const STATE_NUMBERS: Record<State, HealthState> = {
  ok: HealthState.HEALTH_STATE_OK,
  warning: HealthState.HEALTH_STATE_WARNING,
  unknown: HealthState.HEALTH_STATE_UNKNOWN,
  failing: HealthState.HEALTH_STATE_FAILING,
};

function checkMessage({ name, state, message, value, limits, unit }: Check): PipelineCheck {
  return {
    name,
    state: STATE_NUMBERS[state],
    message,
    value,
    warningFrom: limits?.warning,
    failingFrom: limits?.failing,
    unit: unit ?? '',
  };
}

function slotMessage({ slot, retainedBytesMax }: PipelineFacts): ReplicationSlot | undefined {
  if (slot === undefined) return undefined;
  const { active, walStatus, retainedBytes, confirmedLsn } = slot;
  return { name: SLOT, active, walStatus, retainedBytes, retainedBytesMax, confirmedLsn };
}

function connectorMessage(connector: ConnectorSeen): Connector | undefined {
  if (typeof connector === 'string') return undefined;
  return { name: CONNECTOR, state: connector.connector, tasks: connector.tasks };
}
