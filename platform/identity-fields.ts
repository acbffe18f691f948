/**
 * What a subject, a tenant, an owner and scopes may look like, whether a token or the file of
 * client certificates names them: they stand in keys and in log lines.
 */
import { z } from 'zod';

const SUBJECT = /^[A-Za-z0-9._:@/+|-]{1,200}$/;
const TENANT = /^[A-Za-z0-9._-]{0,128}$/;
const OWNER_CHARACTERS_MAX = 140;
const SCOPES_MAX = 64;
const NOT_STORABLE = 'must be well-formed text without U+0000';

/** A list, or a text with spaces between, as OAuth has it. */
const SCOPES = z
  .union([z.string().transform((text) => text.split(' ')), z.array(z.string())])
  .transform((list) => list.filter((scope) => scope !== ''))
  .pipe(z.array(z.string()).max(SCOPES_MAX));

export const IDENTITY_FIELDS = {
  subject: z.string().regex(SUBJECT, 'must be 1 to 200 of A-Z a-z 0-9 . _ : @ / + | -'),
  tenant: z.string().regex(TENANT, 'must be at most 128 of A-Z a-z 0-9 . _ -').default(''),
  owner: z.string().min(1).max(OWNER_CHARACTERS_MAX).refine(isStorable, NOT_STORABLE).optional(),
  scopes: SCOPES.default([]),
} as const;

/** What PostgreSQL takes as text: no account has another owner. */
function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
