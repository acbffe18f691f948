/**
 * The two columns of the bulk-mode settings, as environment variables of a replica. `normal` sets
 * both columns to the normal values. `bulk` leaves the bulk column as it is by default, and sets
 * the normal one to the same values: for replicas without a bulk mode that is all there is.
 */
export type Mode = 'bulk' | 'normal';

type Columns = Readonly<Record<string, { readonly normal: number; readonly bulk: number }>>;

/** By the end of the variable's name. */
const COLUMNS: Readonly<Record<'command' | 'projector', Columns>> = {
  command: {
    BATCH_ITEMS_MAX: { normal: 1_000, bulk: 5_000 },
    BATCH_TIMEOUT_MS: { normal: 100, bulk: 50 },
    BATCH_PROCESSORS: { normal: 8, bulk: 16 },
    QUEUE_ITEMS_MAX: { normal: 5_000, bulk: 10_000 },
  },
  projector: {
    BATCH_EVENTS_MAX: { normal: 500, bulk: 2_000 },
    BATCH_TIMEOUT_MS: { normal: 100, bulk: 25 },
  },
};

export function modeEnv(service: 'command' | 'projector', mode: Mode): Record<string, string> {
  const prefix = `BANK_${service.toUpperCase()}_`;
  const env: Record<string, string> = {};
  for (const [name, values] of Object.entries(COLUMNS[service])) {
    env[`${prefix}${name}`] = String(values[mode]);
    if (mode === 'normal') env[`${prefix}BULK_${name}`] = String(values.normal);
  }
  return env;
}
