/** Bulk mode: who holds it until when, and the settings in force on each replica. */
import type { GetBulkModeResponse, ReplicaSettings } from '#proto/bank/v1/bulk_mode_service.ts';
import { dataTable, factList } from './data-table.ts';
import { html, type Html } from './html.ts';
import type { Overview } from './overview-facts.ts';
import { faultBox } from './shown-faults.ts';
import { badge, count, time } from './shown-values.ts';

export function bulkModeSection({ mode: { value, fault } }: Overview): Html {
  const heading = html`<h2 id="mode-heading">Bulk mode</h2>`;
  if (fault !== undefined) return html`${heading} ${faultBox('Bulk mode', fault)}`;
  return html`${heading} ${leases(value)}
    <h3>Settings in force</h3>
    ${value.replicas.length === 0 && html`<p class="none">No replica has reported lately.</p>`}
    <ul class="cards">
      ${value.replicas.map(replicaCard)}
    </ul>`;
}

function leases({ leases }: GetBulkModeResponse): Html {
  return dataTable({
    caption: 'Leases, those that end first leading',
    columns: [
      { name: 'Holder', isFree: true },
      { name: 'Reason', isFree: true },
      { name: 'Ends (UTC)' },
    ],
    rows: leases.map(({ holder, reason, expiresAt }) => [holder, reason, time(expiresAt)]),
    none: 'Nobody holds a lease: every replica runs with its normal settings.',
  });
}

/** A lease_id is not shown: whoever knows it may end the lease. */
function replicaCard({ service, instance, bulk, settings }: ReplicaSettings): Html {
  const facts = Object.entries(settings)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, count(value)] as const);
  return html`<li class="card">
    <h4>${instance} ${bulk ? badge('poor', 'bulk') : badge('calm', 'normal')}</h4>
    <p class="hint">${service}</p>
    ${factList(facts)}
  </li>`;
}
