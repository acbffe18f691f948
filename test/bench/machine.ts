/**
 * What else the machine is doing, to be read beside every figure: its load, and what one SHA-256 of
 * 107 bytes (the size of a chained event) costs at this moment. A slow or busy machine shows in
 * both before it shows in a rate.
 */
import { hash } from 'node:crypto';
import { cpus, loadavg, totalmem } from 'node:os';

const CALIBRATION_BYTES = 107;
const CALIBRATION_LOOPS = 60_000;
const CALIBRATION_ROUNDS = 3;

export type MachineLoad = {
  /** Processes that wanted to run, over one minute. */
  readonly load1: number;
  readonly load5: number;
  /** The best of a few rounds. */
  readonly sha256Us: number;
};

export function measureMachine(): MachineLoad {
  const [load1 = 0, load5 = 0] = loadavg();
  const rounds = Array.from({ length: CALIBRATION_ROUNDS }, sha256Us);
  return { load1, load5, sha256Us: Math.min(...rounds) };
}

export function machineText({ load1, load5, sha256Us }: MachineLoad): string {
  const load = `load ${load1.toFixed(2)} (1 min) ${load5.toFixed(2)} (5 min)`;
  return `${load}, SHA-256 of ${CALIBRATION_BYTES} bytes ${sha256Us.toFixed(2)} us`;
}

export function machineName(): string {
  const [first] = cpus();
  const gigabytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} x ${first?.model.trim() ?? 'unknown'}, ${gigabytes} GB`;
}

function sha256Us(): number {
  const input = Buffer.alloc(CALIBRATION_BYTES, 7);
  const startedMs = performance.now();
  for (let n = 0; n < CALIBRATION_LOOPS; n++) {
    input.writeInt32LE(n);
    hash('sha256', input, 'binary');
  }
  return ((performance.now() - startedMs) * 1000) / CALIBRATION_LOOPS;
}
