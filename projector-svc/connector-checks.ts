/** The connector and its tasks, as Connect tells of them: RUNNING is what they must be. Pure. */
import { CONNECTOR } from './config.ts';
import { stateOnly } from './health-state.ts';
import type { Check, State } from './health-state.ts';
import type { ConnectorSeen } from './pipeline-look.ts';

/** On their way, or stopped by somebody on purpose. */
const WAITING = new Set(['PAUSED', 'STOPPED', 'UNASSIGNED', 'RESTARTING']);

export function connectorCheck(connector: ConnectorSeen): Check {
  if (connector === 'missing') {
    return stateOnly('connector', 'failing', `Connect does not know ${CONNECTOR}`);
  }
  if (typeof connector === 'string') {
    return stateOnly('connector', 'failing', 'Connect cannot be reached');
  }
  return stateOnly('connector', stateOf(connector.connector), connector.connector);
}

export function tasksCheck(connector: ConnectorSeen): Check {
  const name = 'tasks';
  if (typeof connector === 'string') return stateOnly(name, 'unknown', 'nobody tells of them');
  const { tasks } = connector;
  const worst = tasks.find((task) => stateOf(task.state) === 'failing') ?? tasks[0];
  if (worst === undefined) return stateOnly(name, 'failing', 'the connector has no task');
  const [firstLine = ''] = worst.trace.split('\n');
  const trace = firstLine === '' ? '' : `: ${firstLine}`;
  return stateOnly(name, stateOf(worst.state), `${worst.state}${trace}`);
}

function stateOf(state: string): State {
  if (state === 'RUNNING') return 'ok';
  return WAITING.has(state) ? 'warning' : 'failing';
}
