// The page of command-svc: queues, batches and their steps, locks, refusals.
import { each, named, perSecond, spread, total } from '../panel.ts';
import type { Page } from '../panel.ts';
import { serviceRows } from '../service-rows.ts';

export const COMMAND_SVC: Page = {
  uid: 'bank-command-svc',
  title: 'Bank: command-svc',
  description: 'From the call to the answer: queue, batch, lock, load, decide, append.',
  rows: [
    {
      title: 'Queue',
      panels: [
        {
          title: 'Items that wait',
          description: 'In the lanes, by how they came.',
          unit: 'short',
          queries: [total('bank_command_queue_items', 'kind')],
        },
        {
          title: 'Age of the oldest item',
          description: 'Seconds: a lane stands.',
          unit: 's',
          queries: [each('bank_command_queue_age_seconds')],
        },
        {
          title: 'Bytes that wait',
          description: 'Upper bound of what waiting items take in their rows.',
          unit: 'bytes',
          queries: [each('bank_command_queue_size_bytes')],
        },
        {
          title: 'Wait before a batch',
          description: 'The oldest item of a batch, until the batch starts.',
          unit: 's',
          queries: spread('bank_command_batch_queue_wait_seconds'),
        },
        {
          title: 'Uploads',
          description: 'Streams and direct batches that are under way.',
          unit: 'short',
          queries: [each('bank_command_uploads')],
        },
        {
          title: 'Refused by rules',
          description: 'Items, by reason: INSUFFICIENT_FUNDS and the like.',
          unit: 'cps',
          queries: [perSecond('bank_command_rejections_total', 'reason')],
        },
      ],
    },
    {
      title: 'Batches',
      panels: [
        {
          title: 'Duration of a batch',
          description: 'By its way: fast, slow (under the head), barrier, deferred, failed.',
          unit: 's',
          queries: spread('bank_command_batch_duration_seconds', '', 'path'),
        },
        {
          title: 'Duration of its steps',
          description: 'Lock, load, decide, append.',
          unit: 's',
          queries: spread('bank_command_batch_step_duration_seconds', '', 'step'),
        },
        {
          title: 'Items a batch',
          description: 'As it was cut.',
          unit: 'short',
          queries: spread('bank_command_batch_items'),
        },
        {
          title: 'In flight',
          description: 'Batches, with bulk items or without.',
          unit: 'short',
          queries: [total('bank_command_batches_in_flight', 'kind')],
        },
        {
          title: 'Appends',
          description: 'Fast, slow, and what sent them there.',
          unit: 'cps',
          queries: [perSecond('bank_command_appends_total', 'outcome')],
        },
        {
          title: 'Locks in Redis',
          description: 'Refused: held elsewhere. Unavailable: Redis does not answer.',
          unit: 'cps',
          queries: [perSecond('bank_command_locks_total', 'outcome')],
        },
        {
          title: 'Put off',
          description: 'Items whose account was locked elsewhere; batches that gave up waiting.',
          unit: 'cps',
          queries: [
            named('items put off', perSecond('bank_command_lock_deferrals_total')),
            named('batches without locks', perSecond('bank_command_lock_overdue_total')),
          ],
        },
        {
          title: 'Accounts in the cache',
          description: 'Accounts that batches needed: there, looked for, or taken as absent.',
          unit: 'cps',
          queries: [perSecond('bank_command_cache_lookups_total', 'outcome')],
        },
      ],
    },
    ...serviceRows('command-svc'),
  ],
};
