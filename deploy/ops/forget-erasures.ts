/**
 * The projection forgets which erasures of owners it has done. An event store that came back older
 * than it was counts them on from a lower number: heads would wait for an erasure that there is
 * none of, and those that come next would be taken for done. All that the event store has are done
 * once more, and find nothing where they were done before.
 */
import type pg from 'pg';

const FORGET = `
  do $$
  declare
    heads regclass;
  begin
    for heads in
      select oid from pg_class
       where relname = 'projected_heads'
         and relnamespace in (select oid from pg_namespace
                               where nspname in ('public', 'rebuild', 'previous'))
    loop
      execute format('update %s set erasure_no = 0', heads);
    end loop;
    update purged_erasures set erasure_no = 0;
  end $$`;

/** As the owner, while no projector-svc runs. */
export async function forgetErasures(projectionStore: Pick<pg.ClientBase, 'query'>): Promise<void> {
  await projectionStore.query(FORGET);
}
