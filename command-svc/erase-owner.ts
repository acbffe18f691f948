/**
 * EraseOwner: destroys the key of an owner of the caller's tenant, so that no text of the owner's
 * accounts opens any more, wherever it stands. All replicas forget the key within a second or so,
 * and the projection what it shows of it. A name that no account has is refused: a slip of the pen
 * must not look like an erasure.
 * A caller that reaches one owner only is told the same of all others.
 */
import { randomBytes } from 'node:crypto';
import { status, type handleUnaryCall } from '@grpc/grpc-js';
import { invalidArgument, refusal } from '#platform/grpc-errors.ts';
import { timestampFromDate } from '#platform/timestamps.ts';
import { unary } from '#platform/unary.ts';
import type {
  EraseOwnerRequest,
  EraseOwnerResponse,
} from '#proto/bank/v1/account_command_service.ts';
import { NONE, note, OWNER_CHARACTERS_MAX, textRule } from './field-rules.ts';
import type { OwnerKeys } from './owner-keys.ts';
import { eraseOwnerKey } from './sql/erase-owner.ts';
import type { StoreSecret } from './store-secret.ts';
import { readFromEventStore, type SubmissionContext } from './submission-transactions.ts';

/** What seals texts. */
export type Sealing = { readonly secret: StoreSecret; readonly ownerKeys: OwnerKeys };

const REASON_CHARACTERS_MAX = 140;

/** `sealing` undefined: texts are not sealed, so none can be erased. */
export function eraseOwner(
  context: SubmissionContext,
  sealing: Sealing | undefined,
): handleUnaryCall<EraseOwnerRequest, EraseOwnerResponse> {
  return unary(context.log, async ({ owner, reason }: EraseOwnerRequest, { caller }) => {
    let found = note(NONE, 'owner', textRule(owner, 1, OWNER_CHARACTERS_MAX));
    found = note(found, 'reason', textRule(reason, 1, REASON_CHARACTERS_MAX));
    if (found.length > 0) throw invalidArgument([...found]);
    if (sealing === undefined) throw NOT_SEALED;
    const own = sealing.secret.ownerIndex(caller.tenant, owner, 0);
    const isReached = caller.owner === undefined || caller.owner === owner;
    const index = isReached ? own : randomBytes(own.length);
    const erased = await readFromEventStore(context, (pool) =>
      eraseOwnerKey(pool, index, { caller, why: reason }),
    );
    if (erased === undefined) throw NO_SUCH_OWNER;
    sealing.ownerKeys.forget(erased.keyIds);
    const { erasedAt, accounts, keyIds } = erased;
    context.log.info('An owner was erased.', { keyIds, accounts });
    return { accountCount: accounts, erasedAt: timestampFromDate(erasedAt) };
  });
}

const NOT_SEALED = refusal(
  status.FAILED_PRECONDITION,
  'TEXTS_NOT_SEALED',
  'the service has no key-encryption key: texts are stored as they are, and cannot be erased',
);
const NO_SUCH_OWNER = refusal(
  status.NOT_FOUND,
  'OWNER_NOT_FOUND',
  'no account has an owner of exactly this name whose texts are sealed',
);
