/**
 * A rebuild that has caught up and differs in one row: the live projection holds a hold of which
 * the log knows nothing. For calls whose answer depends on it.
 */
import type { BankClient } from '#client/bank-client.ts';
import { callFault } from '#client/call-fault.ts';
import { unaryCall } from '#client/unary-call.ts';
import { RebuildState, type Rebuild } from '#proto/bank/v1/projector_service.ts';
import type { Stores } from '#test/support/stored-rows.ts';
import { until } from '#test/support/until.ts';

type Mesh = { readonly client: BankClient; readonly stores: Stores };

const ID = '00000000-0000-4000-8000-00000000d1ff';

/** Answers its id. The one before, and the old projection, are dropped. */
export async function differingRebuild(mesh: Mesh): Promise<string> {
  await dropRebuild(mesh);
  await mesh.stores.projectionStore.query(
    'insert into open_holds (account_id, hold_id, remaining_minor) values ($1, $1, 1)',
    [ID],
  );
  const { projector } = mesh.client;
  const { rebuild } = await unaryCall(projector.startRebuild.bind(projector), {});
  await until('a rebuild has caught up', async () => {
    return (await newest(mesh))?.state === RebuildState.REBUILD_STATE_CAUGHT_UP;
  });
  return rebuild?.rebuildId ?? '';
}

export async function dropRebuild(mesh: Mesh): Promise<void> {
  const { projector } = mesh.client;
  const rebuild = await newest(mesh);
  if (rebuild !== undefined) {
    const { rebuildId } = rebuild;
    await unaryCall(projector.dropRebuild.bind(projector), { rebuildId });
  }
  await mesh.stores.projectionStore.query('delete from open_holds where hold_id = $1', [ID]);
}

async function newest({ client }: Mesh): Promise<Rebuild | undefined> {
  const { projector } = client;
  try {
    return (await unaryCall(projector.getRebuild.bind(projector), {})).rebuild;
  } catch (error) {
    if (callFault(error).reason !== 'REBUILD_NOT_FOUND') throw error;
    return undefined;
  }
}
