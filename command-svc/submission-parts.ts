/**
 * What a batch holds of each submission: the items and decisions of one, ascending by index, and
 * the rows that are stored of it. Pure.
 */
import { partsOfSum } from '#domain/money.ts';
import type { PackedSubmission } from './batch-codec.ts';
import type { BatchItem, ItemDecision, SubmissionClaim } from './batch-item.ts';
import { CONTENT_HASH_BYTES, putContentHash } from './content-hash.ts';
import { ACCEPTED, encodeIndexes, encodeStoredItems, REJECTED, REPLAYED } from './item-indexes.ts';
import type { SubmissionBatchRow } from './sql/append-batch.ts';

/** What a batch holds of one submission, ascending by index. */
export type Part = {
  readonly number: number;
  readonly claim: SubmissionClaim;
  readonly items: BatchItem[];
  readonly decisions: ItemDecision[];
};

export type Parts = {
  readonly all: readonly Part[];
  readonly numberOf: (item: BatchItem) => number;
};

/** Items of a stream share their origin: a part is looked up once a stream, not once an item. */
export function partsOf(items: readonly BatchItem[], decisions: readonly ItemDecision[]): Parts {
  const byKey = new Map<string, Part>();
  const byOrigin = new Map<BatchItem['origin'], Part>();
  const partOf = ({ origin }: BatchItem): Part | undefined => {
    if (origin.kind !== 'submission') return undefined;
    const known = byOrigin.get(origin);
    if (known !== undefined) return known;
    const key = `${origin.claim.tenant}\0${origin.claim.submissionId}`;
    const part = byKey.get(key) ?? newPart(byKey.size + 1, origin.claim);
    byKey.set(key, part);
    byOrigin.set(origin, part);
    return part;
  };
  for (const [place, item] of items.entries()) {
    const part = partOf(item);
    const decision = decisions[place];
    if (part === undefined || decision === undefined) continue;
    part.items.push(item);
    part.decisions.push(decision);
  }
  const all = Array.from(byKey.values(), ascending);
  return { all, numberOf: (item) => partOf(item)?.number ?? 0 };
}

function newPart(number: number, claim: SubmissionClaim): Part {
  return { number, claim, items: [], decisions: [] };
}

/** One stream's items ascend as they are; those of several have to be sorted. */
function ascending(part: Part): Part {
  const { items, decisions } = part;
  const isLater = (item: BatchItem, at: number): boolean =>
    at === 0 || item.itemIndex > (items[at - 1]?.itemIndex ?? 0);
  if (items.every(isLater)) return part;
  const order = Array.from(items.keys());
  order.sort((a, b) => (items[a]?.itemIndex ?? 0) - (items[b]?.itemIndex ?? 0));
  const pick = <T>(list: readonly T[]): T[] =>
    order.map((place) => list[place]).filter((one) => one !== undefined);
  return { ...part, items: pick(items), decisions: pick(decisions) };
}

export function packedSubmission({ claim, items, decisions }: Part): PackedSubmission {
  const indexes: number[] = [];
  for (const [at, item] of items.entries()) {
    if (decisions[at]?.kind === 'accepted') indexes.push(item.itemIndex);
  }
  return {
    tenant: claim.tenant,
    submissionId: claim.submissionId,
    accepted: indexes.length,
    acceptedIndexes: encodeIndexes(indexes),
  };
}

const OUTCOMES = { accepted: ACCEPTED, rejected: REJECTED, replayed: REPLAYED } as const;

export function submissionBatchRow({ claim, items, decisions }: Part): SubmissionBatchRow {
  const hashes = Buffer.allocUnsafe(items.length * CONTENT_HASH_BYTES);
  const amounts = newAmounts();
  const counts = { accepted: 0, rejected: 0, replayed: 0 };
  for (const [at, item] of items.entries()) {
    const decision = decisions[at];
    const kind = decision?.kind ?? 'rejected';
    counts[kind] += 1;
    putContentHash(item.contentHash, hashes, at * CONTENT_HASH_BYTES);
    if (decision?.kind === 'accepted')
      amounts.add(decision.after.currencyCode, decision.movedMinor ?? 0n);
  }
  return {
    tenant: claim.tenant,
    submissionId: claim.submissionId,
    firstIndex: items[0]?.itemIndex ?? 0,
    lastIndex: items.at(-1)?.itemIndex ?? 0,
    ...counts,
    amounts: amounts.sums().flatMap(withinInt8),
    items: encodeStoredItems(
      items.map((item) => item.itemIndex),
      decisions.map((decision) => OUTCOMES[decision.kind]),
    ),
    hashes,
  };
}

type Amounts = {
  readonly add: (currencyCode: string, amountMinor: bigint) => void;
  readonly sums: () => [string, bigint][];
};

/** Sums by currency; most batches hold runs of one. */
function newAmounts(): Amounts {
  const sums = new Map<string, bigint>();
  return {
    add: (currencyCode, amountMinor) => {
      if (amountMinor === 0n) return;
      sums.set(currencyCode, (sums.get(currencyCode) ?? 0n) + amountMinor);
    },
    sums: () => [...sums],
  };
}

/** A sum over accounts may pass what an int8 holds: then several entries add up to it. */
function withinInt8([currencyCode, sumMinor]: readonly [string, bigint]): [string, bigint][] {
  return partsOfSum(sumMinor).map((part) => [currencyCode, part]);
}
