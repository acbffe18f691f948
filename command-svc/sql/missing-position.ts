/** A position that the log must hold is not in `outbox`: archived, or a fault. */
export class MissingPositionError extends Error {
  override name = 'MissingPositionError';
  readonly partition: number;
  readonly seq: bigint;

  constructor(partition: number, seq: bigint, found: string) {
    super(`ALARM: position ${seq} of partition ${partition} is not in the log, and ${found}`);
    this.partition = partition;
    this.seq = seq;
  }
}
