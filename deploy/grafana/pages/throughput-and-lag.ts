// The first page: what goes in, what comes out, and what lies between.
import { each, largest, named, perSecond, quietPerSecond, spread, total } from '../panel.ts';
import type { Page } from '../panel.ts';

export const THROUGHPUT_AND_LAG: Page = {
  uid: 'bank-throughput-and-lag',
  title: 'Bank: throughput and lag',
  description: 'What goes into the event store, what is projected of it, and how late.',
  rows: [
    {
      title: 'Throughput',
      panels: [
        {
          title: 'Items, events, acknowledgements',
          description: 'Items that command-svc stored, events projected, items told as projected.',
          unit: 'cps',
          queries: [
            named('items stored', perSecond('bank_command_items_total{outcome="accepted"}')),
            named('events projected', perSecond('bank_projector_events_total')),
            named('items acknowledged', perSecond('bank_projector_acknowledged_items_total')),
          ],
        },
        {
          title: 'What became of items',
          description: 'By how they came (single commands, submissions), and their outcome.',
          unit: 'cps',
          queries: [perSecond('bank_command_items_total', 'kind', 'outcome')],
        },
        {
          title: 'Calls',
          description: 'Calls that ended, by service.',
          unit: 'reqps',
          queries: [perSecond('rpc_server_call_duration_seconds_count', 'job')],
        },
        {
          title: 'Items a batch',
          description: 'As it was cut: one append each.',
          unit: 'short',
          queries: spread('bank_command_batch_items'),
        },
        {
          title: 'Bulk mode',
          description: 'Whether it is on, and how many leases are held.',
          unit: 'none',
          queries: [
            named('on', largest('bank_mode_on{mode="bulk_mode"}')),
            named('leases', largest('bank_mode_leases{mode="bulk_mode"}')),
          ],
        },
        {
          title: 'Replicas that serve',
          description: 'By service.',
          unit: 'none',
          queries: [total('bank_server_serving', 'job')],
        },
      ],
    },
    {
      title: 'Lag',
      panels: [
        {
          title: 'Stored to visible',
          description: 'From the time in the event store until readers see it, a batch each.',
          unit: 's',
          queries: spread('bank_projector_visible_age_seconds'),
        },
        {
          title: 'Age of what waits',
          description: 'The oldest record that is not projected yet.',
          unit: 's',
          queries: [largest('bank_projector_lag_time_seconds')],
        },
        {
          title: 'Events that wait',
          description: 'Not projected yet; of what has not come, by the mean of what came last.',
          unit: 'short',
          queries: [
            named('events', largest('bank_projector_lag_events')),
            named('records', largest('bank_projector_lag_records')),
          ],
        },
        {
          title: 'In the pipe',
          description: 'From the event store to the projector, by what brought it.',
          unit: 's',
          queries: spread('bank_projector_pipe_duration_seconds', '', 'source'),
        },
        {
          title: 'Wait before a batch',
          description: 'The oldest item of a batch, until the batch starts.',
          unit: 's',
          queries: spread('bank_command_batch_queue_wait_seconds'),
        },
        {
          title: 'Filled from the outbox',
          description: 'Records that Kafka did not bring. Without faults there are none.',
          unit: 'cps',
          queries: [quietPerSecond('bank_projector_filled_records_total')],
        },
      ],
    },
    {
      title: 'Pipeline',
      panels: [
        {
          title: 'Checks',
          description: '0 ok, 1 warning, 2 unknown, 3 failing; the worst that a projector sees.',
          unit: 'none',
          queries: [named('{{check}}', largest('bank_pipeline_state', 'check'))],
        },
        {
          title: 'WAL kept for the slot',
          description: 'At the limit the slot is lost, and the outbox fills in.',
          unit: 'bytes',
          queries: [
            named('kept', largest('bank_pipeline_slot_retained_bytes')),
            named('at most', largest('bank_pipeline_slot_retained_max_bytes')),
          ],
        },
        {
          title: 'Age of the heartbeat',
          description: 'Debezium writes one every 5 s.',
          unit: 's',
          queries: [largest('bank_pipeline_heartbeat_age_seconds')],
        },
        {
          title: 'Consumer lag',
          description: 'Records in Kafka whose offsets are not committed; applied they may be.',
          unit: 'short',
          queries: [largest('bank_pipeline_consumer_lag')],
        },
        {
          title: 'Partitions that stand, accounts that wait',
          description: 'Stopped with an alarm; parked behind dead letters. Both should be 0.',
          unit: 'short',
          queries: [
            named('partitions stopped', largest('bank_projector_stopped_partitions')),
            named('accounts parked', largest('bank_projector_parked_accounts_now')),
            named('dead letters', largest('bank_projector_dead_letters_now')),
          ],
        },
        {
          title: 'Scraped',
          description: '1: Prometheus reads the metrics of the replica.',
          unit: 'none',
          queries: [each('up{job=~"(command|projector|query)-svc"}', '{{job}} {{instance}}')],
        },
      ],
    },
  ],
};
