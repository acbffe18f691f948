/**
 * The pipeline from the log to the projection, check by check with the connector, and how far each
 * partition is behind.
 */
import { HealthState } from '#proto/bank/v1/projector_service.ts';
import type {
  Connector,
  PartitionStatus,
  PipelineCheck,
} from '#proto/bank/v1/projector_service.ts';
import { dataTable } from './data-table.ts';
import { html, type Content, type Html } from './html.ts';
import type { Overview } from './overview-facts.ts';
import { faultBox } from './shown-faults.ts';
import { amount, badge, count, duration, word, type Tone } from './shown-values.ts';

const TONES: readonly (readonly [HealthState, Tone, string])[] = [
  [HealthState.HEALTH_STATE_OK, 'good', 'ok'],
  [HealthState.HEALTH_STATE_WARNING, 'poor', 'warning'],
  [HealthState.HEALTH_STATE_FAILING, 'bad', 'failing'],
];

export function healthBadge(state: HealthState): Html {
  const [, tone, text] = TONES.find(([one]) => one === state) ?? [state, 'calm', 'not known'];
  return badge(tone, text);
}

export function pipelineSection({ projection: { value, fault } }: Overview): Html {
  const heading = html`<h2 id="pipeline-heading">Pipeline</h2>`;
  if (fault !== undefined) return html`${heading} ${faultBox('The pipeline', fault)}`;
  const { checks = [], connector } = value.pipeline ?? {};
  return html`${heading} ${connectorLine(connector)}
  ${dataTable({
    caption: "Checks, in the order of the records' way",
    columns: [
      { name: 'Check' },
      { name: 'State' },
      { name: 'Value', isNumber: true },
      { name: 'Seen', isFree: true },
    ],
    rows: checks.map(checkCells),
    none: 'Nothing was looked at yet.',
  })}`;
}

function checkCells({ name, state, value, unit, message }: PipelineCheck): Content[] {
  return [word(name), healthBadge(state), amount(value, unit), message];
}

function connectorLine(connector: Connector | undefined): Html {
  if (connector === undefined) {
    return html`<p>Connector: ${badge('poor', 'not known')} Kafka Connect does not name one.</p>`;
  }
  const { name, state, tasks } = connector;
  const shown = tasks.map((task) => html` task ${task.id} ${runBadge(task.state)}${task.trace}`);
  return html`<p>Connector <b>${name}</b> ${runBadge(state)}${shown}</p>`;
}

function runBadge(state: string): Html {
  const tone = state === 'RUNNING' ? 'good' : 'bad';
  return badge(tone, word(state));
}

export function partitionsSection({ projection: { value, fault } }: Overview): Html {
  const heading = html`<h2 id="partitions-heading">Partitions</h2>`;
  if (fault !== undefined) return html`${heading} ${faultBox('The partitions', fault)}`;
  return html`${heading} ${alarms(value.partitions)}
  ${dataTable({
    caption: 'Positions of the log, and how far the projection is behind them',
    columns: [
      { name: 'No.', isNumber: true },
      { name: 'Stored', isNumber: true },
      { name: 'Projected', isNumber: true },
      { name: 'Lag', isNumber: true },
      { name: 'Waits', isNumber: true },
    ],
    rows: value.partitions.map(partitionCells),
    none: 'The log has no partitions.',
    isSlim: true,
  })}`;
}

function partitionCells(partition: PartitionStatus): Content[] {
  const { headSeq, appliedSeq, lagRecords, lagMs } = partition;
  return [
    String(partition.partition),
    count(headSeq),
    count(appliedSeq),
    count(lagRecords),
    duration(lagMs),
  ];
}

/** What people must look at, and what does not come by Kafka. */
function alarms(partitions: readonly PartitionStatus[]): Html[] {
  return partitions.flatMap(({ partition, alarm, outboxFeeds, deadLetters, parkedAccounts }) => [
    ...(alarm === '' ? [] : [html`<p class="box fault">Partition ${partition}: ${alarm}</p>`]),
    ...(outboxFeeds
      ? [html`<p class="box">Partition ${partition} is fed from the outbox.</p>`]
      : []),
    ...(deadLetters === 0n
      ? []
      : [
          html`<p class="box">
            Partition ${partition}: dead letters ${count(deadLetters)}, parked accounts
            ${count(parkedAccounts)}
          </p>`,
        ]),
  ]);
}
