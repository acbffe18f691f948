// What the process itself is like, read at each look: how late its event loop is, how busy, its
// processor time and its memory. The loop's delay is sampled every LOOP_SAMPLE_MS and told since
// the look before. Names by OpenTelemetry's conventions for Node and V8.
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { observedCounter, observedGauge } from './observed.ts';

const LOOP_SAMPLE_MS = 20;
/** Looks of several readers within so long are told the same. */
const SAME_LOOK_MS = 1_000;
const NANOS = 1e9;
const MICROS = 1e6;

const delay = {
  p50: observedGauge('nodejs.eventloop.delay.p50', 'Delay of the event loop, the median.', 's'),
  p99: observedGauge('nodejs.eventloop.delay.p99', 'Delay of the event loop, 99 of 100.', 's'),
  max: observedGauge('nodejs.eventloop.delay.max', 'Delay of the event loop, the longest.', 's'),
};
const utilization = observedGauge(
  'nodejs.eventloop.utilization',
  'Share of the time in which the event loop was busy.',
  '1',
);
const cpu = observedCounter('process.cpu.time', 'Processor time.', 's', ['cpu.mode']);
const memory = observedGauge('process.memory.usage', 'Resident memory.', 'By');
const heap = observedGauge('v8js.memory.heap.used', "Memory in use of V8's heap.", 'By');
const uptime = observedGauge('process.uptime', 'Time since the process started.', 's');

/** Answers what ends it. */
export function watchProcess(): () => void {
  const histogram = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  histogram.enable();
  let before = performance.eventLoopUtilization();
  let look = { p50: 0, p99: 0, max: 0, busy: 0 };
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  const taken = (): typeof look => {
    const nowMs = performance.now();
    if (nowMs - lookedAtMs < SAME_LOOK_MS) return look;
    lookedAtMs = nowMs;
    const now = performance.eventLoopUtilization();
    const late = (nanos: number): number => Math.max(0, nanos / NANOS - LOOP_SAMPLE_MS / 1_000);
    look = {
      p50: late(histogram.percentile(50)),
      p99: late(histogram.percentile(99)),
      max: late(histogram.max),
      busy: performance.eventLoopUtilization(now, before).utilization,
    };
    before = now;
    histogram.reset();
    return look;
  };
  const unwatch = [
    delay.p50.watch(() => [[taken().p50]]),
    delay.p99.watch(() => [[taken().p99]]),
    delay.max.watch(() => [[taken().max]]),
    utilization.watch(() => [[taken().busy]]),
    cpu.watch(() => {
      const { user, system } = process.cpuUsage();
      return [
        [user / MICROS, { 'cpu.mode': 'user' }],
        [system / MICROS, { 'cpu.mode': 'system' }],
      ];
    }),
    memory.watch(() => [[process.memoryUsage.rss()]]),
    heap.watch(() => [[process.memoryUsage().heapUsed]]),
    uptime.watch(() => [[process.uptime()]]),
  ];
  return () => {
    histogram.disable();
    for (const end of unwatch) end();
  };
}
