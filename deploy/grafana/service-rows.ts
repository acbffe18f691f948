// The rows that each service's page has: what its callers see, and what the process itself is like.
import { each, largest, perSecond, quietPerSecond, spread, total } from './panel.ts';
import type { Row } from './panel.ts';

/** `job` is the name of the service, and of the job that scrapes it. */
export function serviceRows(job: string): readonly Row[] {
  const of = `{job="${job}"}`;
  return [
    {
      title: 'Calls',
      panels: [
        {
          title: 'Calls that ended',
          description: 'By method. A stream counts once, at its end.',
          unit: 'reqps',
          queries: [perSecond(`rpc_server_call_duration_seconds_count${of}`, 'rpc_method')],
        },
        {
          title: 'How calls ended',
          description: 'By status. Refusals by a rule are told by callers, not by operators.',
          unit: 'reqps',
          queries: [
            perSecond(`rpc_server_call_duration_seconds_count${of}`, 'rpc_response_status_code'),
          ],
        },
        {
          title: 'Duration of calls',
          description: 'By method, a stream from its opening to its end.',
          unit: 's',
          queries: spread('rpc_server_call_duration_seconds', of, 'rpc_method'),
        },
        {
          title: 'Open calls',
          description: 'By method, streams too.',
          unit: 'short',
          queries: [total(`bank_server_calls_open${of}`, 'rpc_method')],
        },
        {
          title: 'Refused by limits',
          description: 'Calls, connections and bytes that a limit of the server refused.',
          unit: 'cps',
          queries: [quietPerSecond(`bank_server_refused_total${of}`, 'limit')],
        },
        {
          title: 'Held for callers',
          description: 'Bytes of requests that came in part, and of answers that wait to be taken.',
          unit: 'bytes',
          queries: [
            each(`bank_server_partial_bytes${of}`, '{{instance}} came in part'),
            each(`bank_server_unsent_bytes${of}`, '{{instance}} not taken'),
          ],
        },
      ],
    },
    { title: 'Process', panels: processPanels(of) },
  ];
}

function processPanels(of: string): Row['panels'] {
  const pool = 'db_client_connection_pool_name';
  return [
    {
      title: 'Serving',
      description: '1: the replica says SERVING; 0: it waits for a store, or ends.',
      unit: 'none',
      queries: [each(`bank_server_serving${of}`)],
    },
    {
      title: 'Delay of the event loop',
      description: 'How late timers come; the slowest of a hundred, and the slowest.',
      unit: 's',
      queries: [
        each(`nodejs_eventloop_delay_p99_seconds${of}`, '{{instance}} p99'),
        each(`nodejs_eventloop_delay_max_seconds${of}`, '{{instance}} max'),
      ],
    },
    {
      title: 'Event loop in use',
      description: 'At 1 the process has no time left.',
      unit: 'percentunit',
      queries: [each(`nodejs_eventloop_utilization_ratio${of}`)],
    },
    {
      title: 'Processor',
      description: 'Cores in use, with the threads of the runtime.',
      unit: 'short',
      queries: [perSecond(`process_cpu_time_seconds_total${of}`, 'instance', 'cpu_mode')],
    },
    {
      title: 'Memory',
      description: "Resident memory, and what is in use of V8's heap.",
      unit: 'bytes',
      queries: [
        each(`process_memory_usage_bytes${of}`, '{{instance}} resident'),
        each(`v8js_memory_heap_used_bytes${of}`, '{{instance}} heap'),
      ],
    },
    {
      title: 'Connections to PostgreSQL',
      description: 'In use, by pool, and how many there may be.',
      unit: 'short',
      queries: [
        total(
          `db_client_connection_count${of.replace('}', ',db_client_connection_state="used"}')}`,
          pool,
        ),
        { ...largest(`db_client_connection_max${of}`, pool), legend: `{{${pool}}} at most` },
      ],
    },
    {
      title: 'Waiting for a connection',
      description: 'Callers that wait, by pool. For minutes: the pool is too small.',
      unit: 'short',
      queries: [total(`db_client_connection_pending_requests${of}`, pool)],
    },
    {
      title: 'Up since',
      description: 'A fall is a restart.',
      unit: 's',
      queries: [each(`process_uptime_seconds${of}`)],
    },
  ];
}
