/**
 * Pages of a submission's items (AIP-158): how many, and after which index. A token names its
 * submission, so that it cannot be carried into another list; its form is nobody's business but
 * this file's.
 */
import { z } from 'zod';
import { invalidArgument } from '#platform/grpc-errors.ts';
import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from './bounds.ts';
import { itemIndex } from './item-numbering.ts';
import type { SubmissionKey } from './submission-claims.ts';

const BEFORE_THE_FIRST = -1;

export type PageRequest = {
  readonly pageSize: number;
  readonly pageToken: string;
};

/** `after`: the last index of the page before. */
export type ItemPage = { readonly size: number; readonly after: number };

/** Throws INVALID_ARGUMENT. */
export function itemPage(of: SubmissionKey, { pageSize, pageToken }: PageRequest): ItemPage {
  if (pageSize < 0) throw refused('page_size', 'must be 0 or more');
  const size = pageSize === 0 ? PAGE_SIZE_DEFAULT : Math.min(pageSize, PAGE_SIZE_MAX);
  return { size, after: pageToken === '' ? BEFORE_THE_FIRST : parseToken(of, pageToken) };
}

/** The token of the page after an index. */
export function pageTokenAfter(of: SubmissionKey, index: number | bigint): string {
  return Buffer.from(JSON.stringify([nameOf(of), String(index)])).toString('base64url');
}

const Token = z.tuple([z.string(), z.string().regex(/^\d{1,16}$/)]);

function parseToken(of: SubmissionKey, token: string): number {
  const parsed = Token.safeParse(parseJson(Buffer.from(token, 'base64url').toString()));
  if (!parsed.success || parsed.data[0] !== nameOf(of)) {
    throw refused('page_token', 'must be the next_page_token of the page before, unchanged');
  }
  return itemIndex('page_token', BigInt(parsed.data[1])) ?? BEFORE_THE_FIRST;
}

/** No submission_id has a colon. */
function nameOf({ tenant, submissionId }: SubmissionKey): string {
  return tenant === '' ? submissionId : `${submissionId}:${tenant}`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused like any other token that is not ours
  }
}

function refused(field: string, description: string): ReturnType<typeof invalidArgument> {
  return invalidArgument([{ field, description }]);
}
