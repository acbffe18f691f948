/**
 * The figures of the benchmark with what must be reached and what is aimed at. Figures without a
 * target are what others are compared with, or what docs/scale.md calculates with. The name of a
 * figure is its interface: --only, the JSON file and docs/benchmarks.md use it.
 */
export type Target = {
  readonly must: number;
  readonly aim: number;
  readonly better: 'higher' | 'lower';
};

export type FigureSpec = {
  readonly name: string;
  readonly unit: string;
  readonly target?: Target;
};

export type Verdict = 'aim' | 'must' | 'MISS' | '';

const RATE = '1/s';
const RATIO = 'ratio';

const higher = (must: number, aim: number): Target => ({ must, aim, better: 'higher' });
const lower = (must: number, aim: number): Target => ({ must, aim, better: 'lower' });

function figure(name: string, unit: string, target?: Target): FigureSpec {
  return target === undefined ? { name, unit } : { name, unit, target };
}

export const FIGURES: readonly FigureSpec[] = [
  figure('bulk.acknowledged_over_floor', RATIO, higher(0.35, 0.5)),
  figure('bulk.acknowledged_per_s', RATE, higher(45_000, 75_000)),
  figure('bulk.stored_per_s', RATE, higher(55_000, 90_000)),
  figure('bulk.acknowledged_p99_ms', 'ms', lower(250, 80)),
  figure('bulk.hot_account_over_uniform', RATIO, higher(0.9, 1.2)),
  figure('bulk.zipf_over_uniform', RATIO, higher(0.9, 1.1)),
  figure('bulk.cold_over_warm', RATIO, higher(0.6, 0.8)),
  figure('bulk.two_replicas_over_one', RATIO, higher(0.8, 1)),
  figure('bulk.mode_over_normal', RATIO, higher(1.2, 2)),
  figure('bulk.over_unary', RATIO, higher(10, 20)),
  figure('bulk.over_emmett', RATIO, higher(20, 40)),
  figure('bulk.over_insert', RATIO, higher(4, 8)),
  figure('bulk.growth', RATIO, higher(0.8, 0.95)),
  figure('bulk.one_item_messages_per_s', RATE, higher(20_000, 35_000)),
  figure('open_accounts.acknowledged_per_s', RATE, higher(30_000, 60_000)),
  figure('transfer.stored_per_s', RATE, higher(5_000, 15_000)),
  figure('unary.deposit_over_empty_handler', RATIO, higher(0.5, 0.75)),
  figure('latency.stored_p50_ms', 'ms', lower(5, 3)),
  figure('latency.acknowledged_p50_ms', 'ms', lower(20, 10)),
  figure('latency.unary_p99_under_bulk_ms', 'ms', lower(100, 40)),
  figure('memory.command_svc_max_mb', 'MB', lower(400, 250)),
  figure('memory.projector_svc_max_mb', 'MB', lower(400, 250)),
  figure('memory.query_svc_max_mb', 'MB', lower(400, 250)),
  figure('query.get_account_over_empty_handler.cached', RATIO, higher(0.7, 0.9)),
  figure('query.get_account_over_empty_handler.not_cached', RATIO, higher(0.4, 0.6)),
  figure('telemetry.cpu_cost', RATIO, lower(1.03, 1.01)),
  figure('overload.goodput_at_3x_over_peak', RATIO, higher(0.8, 0.95)),
  figure('feed.catch_up_events_per_s', RATE, higher(100_000, 200_000)),
  figure('rebuild.events_per_s', RATE, higher(100_000, 200_000)),
  figure('rebuild_beside.events_per_s', RATE),
  figure('rebuild_beside.stream_over_alone', RATIO),
  figure('feed.catch_up_decoded_events_per_s', RATE),
  figure('feed.live_p50_ms', 'ms'),
  figure('feed.live_other_replica_p50_ms', 'ms'),
  figure('overload.goodput_at_4x_over_peak', RATIO),
  figure('overload.capacity_per_s', RATE),
  figure('overload.p99_at_3x_ms', 'ms'),
  figure('overload.recovers_ms', 'ms'),
  figure('overload.rss_max_mb', 'MB'),
  figure('floor.per_s', RATE),
  figure('floor.alone_per_s', RATE),
  figure('insert.per_s', RATE),
  figure('emmett.appends_per_s', RATE),
  figure('empty_handler.per_s', RATE),
  figure('unary.deposit_per_s', RATE),
  figure('unary.deposit_at_64_per_s', RATE),
  figure('bulk.warm_per_s', RATE),
  figure('bulk.cold_per_s', RATE),
  figure('bulk.mode_per_s', RATE),
  figure('bulk.normal_per_s', RATE),
  figure('transfer.acknowledged_per_s', RATE),
  figure('hold_and_capture.stored_per_s', RATE),
  figure('query.get_account_cached_per_s', RATE),
  figure('query.get_account_not_cached_per_s', RATE),
  figure('query.list_entries_per_s', RATE),
  figure('query.batch_get_accounts_per_s', RATE),
  figure('query.watch_fan_out_events_per_s', RATE),
  figure('cpu.command_us', 'us/item'),
  figure('cpu.projector_us', 'us/item'),
  figure('cpu.query_us', 'us/item'),
  figure('cpu.postgres_us', 'us/item'),
  figure('cpu.connect_us', 'us/item'),
  figure('cpu.kafka_us', 'us/item'),
  figure('cpu.redis_us', 'us/item'),
  figure('cpu.load_generator_us', 'us/item'),
  figure('telemetry.cpu_on_us', 'us/item'),
  figure('telemetry.cpu_off_us', 'us/item'),
  figure('wal.event_store_bytes', 'bytes/item'),
  figure('wal.projection_store_bytes', 'bytes/item'),
  figure('wal.server_bytes', 'bytes/item'),
  figure('outbox.bytes', 'bytes/item'),
  figure('outbox.items_per_record', 'items'),
  figure('redis.commands', '1/item'),
  figure('postgres.connections_event_store', 'connections'),
  figure('postgres.connections_projection_store', 'connections'),
];

/** The figures that --only names: one by its name, or all that begin with a dotted part of one. */
export function matchingFigures(only: string | undefined): FigureSpec[] {
  if (only === undefined) return [...FIGURES];
  return FIGURES.filter(({ name }) => name === only || name.startsWith(`${only}.`));
}

export function verdictOf({ target }: FigureSpec, median: number): Verdict {
  if (target === undefined) return '';
  const reaches = (goal: number): boolean =>
    target.better === 'higher' ? median >= goal : median <= goal;
  if (reaches(target.aim)) return 'aim';
  return reaches(target.must) ? 'must' : 'MISS';
}
