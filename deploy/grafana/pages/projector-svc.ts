// The page of projector-svc: transactions, what feeds them, dead letters, rebuilds.
import { each, largest, named, perSecond, quietPerSecond, spread } from '../panel.ts';
import type { Page } from '../panel.ts';
import { serviceRows } from '../service-rows.ts';

export const PROJECTOR_SVC: Page = {
  uid: 'bank-projector-svc',
  title: 'Bank: projector-svc',
  description: 'From the log to the projection: records, transactions, what stands in the way.',
  rows: [
    {
      title: 'Projection',
      panels: [
        {
          title: 'Events projected',
          description: 'By replica.',
          unit: 'cps',
          queries: [perSecond('bank_projector_events_total', 'instance')],
        },
        {
          title: 'Records, by what brought them',
          description: 'Kafka, or the outbox. Without faults the outbox brings none.',
          unit: 'cps',
          queries: [perSecond('bank_projector_records_total', 'source')],
        },
        {
          title: 'Duration of a transaction',
          description: 'From its records to its notice.',
          unit: 's',
          queries: spread('bank_projector_batch_duration_seconds', '', 'outcome'),
        },
        {
          title: 'Events a transaction',
          description: 'More when more waits.',
          unit: 'short',
          queries: spread('bank_projector_batch_events'),
        },
        {
          title: 'Items acknowledged',
          description: 'Told as projected, over all streams.',
          unit: 'cps',
          queries: [perSecond('bank_projector_acknowledged_items_total', 'instance')],
        },
        {
          title: 'Records that wait',
          description: 'As each replica sees them.',
          unit: 'short',
          queries: [each('bank_projector_lag_records')],
        },
      ],
    },
    {
      title: 'Pipeline',
      panels: [
        {
          title: 'Partitions fed from the outbox',
          description: 'Kafka does not bring them; for minutes: look at slot and connector.',
          unit: 'short',
          queries: [each('bank_projector_outbox_fed_partitions')],
        },
        {
          title: 'Slot and tasks',
          description: 'Whether the slot is read, and how many tasks of the connector run.',
          unit: 'none',
          queries: [
            named('slot read', largest('bank_pipeline_slot_active')),
            named('tasks', largest('bank_pipeline_tasks_running')),
          ],
        },
        {
          title: 'What the watchdog did',
          description: 'Restarts of the connector, lost slots dropped.',
          unit: 'cps',
          queries: [
            named('restarts', quietPerSecond('bank_projector_connector_restarts_total')),
            named('slots dropped', quietPerSecond('bank_projector_slots_dropped_total')),
          ],
        },
        {
          title: 'Partitions stopped',
          description: 'With an alarm, which GetProjectionStatus tells.',
          unit: 'short',
          queries: [each('bank_projector_stopped_partitions')],
        },
        {
          title: 'Dead letters and parked accounts',
          description: 'What is kept now, and what came, by cause.',
          unit: 'short',
          queries: [
            named('letters kept', largest('bank_projector_dead_letters_now')),
            named('accounts parked', largest('bank_projector_parked_accounts_now')),
            named('letters came, a second', quietPerSecond('bank_projector_dead_letters_total')),
            named('accounts came', quietPerSecond('bank_projector_parked_accounts_total')),
            named('letters retried', quietPerSecond('bank_projector_retried_letters_total')),
          ],
        },
        {
          title: 'Rebuilds',
          description: 'Events applied to rebuilds, and rebuilds that gave up.',
          unit: 'cps',
          queries: [
            named('events', quietPerSecond('bank_projector_rebuilt_events_total')),
            named('failed', quietPerSecond('bank_projector_rebuilds_failed_total')),
          ],
        },
      ],
    },
    ...serviceRows('projector-svc'),
  ],
};
