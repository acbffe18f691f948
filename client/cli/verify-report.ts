/**
 * What a verification of the events has found, line by line, and whether all that was asked for
 * was verified. Reads nothing itself: everything comes in as data.
 */
import {
  VerifyFindingKind,
  verifyFindingKindToJSON,
  type VerifyFinding,
  type VerifyProgress,
} from '#proto/bank/v1/event_log_service.ts';
import { grouped } from './amounts.ts';

const KIND_PREFIX = 'VERIFY_FINDING_KIND_';

export function verifyFindingLine({ kind, accountId, version, message }: VerifyFinding): string {
  const where = accountId === '' ? '' : ` account ${accountId} version ${version}`;
  const name = verifyFindingKindToJSON(kind).replace(KIND_PREFIX, '');
  const isKnown = kind !== VerifyFindingKind.UNRECOGNIZED;
  return `${isKnown ? name : 'UNKNOWN'}${where}: ${message}`;
}

export function verifyProgressLine(progress: VerifyProgress, ms: number): string {
  const { verifiedEvents, verifiedAccounts, findings, complete } = progress;
  const counts = [
    `${grouped(verifiedEvents)} events`,
    `${grouped(verifiedAccounts)} accounts`,
    `${grouped(findings)} findings`,
  ].join(', ');
  if (!complete) return `  ${counts}`;
  const rate = Math.round(Number(verifiedEvents) / (ms / 1000));
  return `verified ${counts}, in ${(ms / 1000).toFixed(1)} s (${grouped(rate)} events/s)`;
}

/** An account that is nowhere is no account that is right. */
export function unverifiedAccounts(
  { verifiedAccounts }: VerifyProgress,
  asked: readonly string[],
): number {
  return Math.max(0, new Set(asked.map((id) => id.toLowerCase())).size - Number(verifiedAccounts));
}
