/** Numbers with their unit, short enough for a table: 3.2 s, 1.5 GiB, 20,000. */

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;
const BYTES_STEP = 1024;
const MS_SHOWN_MAX = 1000n;

/** `unit` as the contract names it: bytes, ms, and counted things. undefined: a dash. */
export function amount(value: bigint | undefined, unit: string): string {
  if (value === undefined) return '-';
  if (unit === 'bytes') return bytes(Number(value));
  if (unit === 'ms') return value < MS_SHOWN_MAX ? `${value} ms` : seconds(Number(value));
  return grouped(value);
}

export function grouped(count: number | bigint): string {
  return count.toString().replace(/\B(?=(\d{3})+$)/g, ',');
}

function bytes(value: number): string {
  let rest = value;
  let step = 0;
  while (rest >= BYTES_STEP && step < BYTE_UNITS.length - 1) {
    rest /= BYTES_STEP;
    step += 1;
  }
  return `${step === 0 ? rest : rest.toFixed(1)} ${BYTE_UNITS[step] ?? ''}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
