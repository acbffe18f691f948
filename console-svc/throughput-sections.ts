/**
 * The top of the overview: how the bank stands in a few numbers, and what went through it in the
 * last minutes. A record is one row of the log: a batch of up to thousands of items.
 */
import { HealthState } from '#proto/bank/v1/projector_service.ts';
import { html, type Content, type Html } from './html.ts';
import type { Overview } from './overview-facts.ts';
import type { Counted, Rates } from './rates.ts';
import { faultBox } from './shown-faults.ts';
import { badge, count, duration } from './shown-values.ts';
import { sparkline } from './sparkline.ts';
import { healthBadge } from './pipeline-sections.ts';

const MS_A_MINUTE = 60_000;

export function summarySection({ projection, mode, submissions, rates }: Overview): Html {
  const { value, fault } = projection;
  const isBulk = mode.value?.active;
  const modeText = isBulk === undefined ? badge('calm', 'not known') : modeBadge(isBulk);
  const pipeline = value?.pipeline?.state ?? HealthState.HEALTH_STATE_UNKNOWN;
  const items = rates.now('storedItems');
  const letters = value?.deadLetters ?? 0n;
  const lettersText = letters === 0n ? '0' : html`<a href="/dead-letters">${count(letters)}</a>`;
  return html`<h2 id="summary-heading">Now</h2>
    ${fault !== undefined && faultBox('The projection', fault)}
    <dl class="tiles">
      ${value !== undefined && tile('Pipeline', healthBadge(pipeline))}
      ${tile('Bulk mode', modeText)}
      ${submissions.fault === undefined && tile('Items stored', rate(items))}
      ${submissions.fault === undefined && tile('Items visible', rate(rates.now('visibleItems')))}
      ${
        value !== undefined && [
          tile('Records stored', rate(rates.now('storedRecords'))),
          tile('Records projected', rate(rates.now('projectedRecords'))),
          tile('Lag', html`${count(value.lagRecords)} <small>records</small>`),
          tile('Oldest waits', duration(value.lagMs)),
          tile('Dead letters', lettersText),
          tile('Parked accounts', count(value.parkedAccounts)),
        ]
      }
    </dl>`;
}

function modeBadge(isBulk: boolean): Html {
  return isBulk ? badge('poor', 'bulk') : badge('calm', 'normal');
}

function tile(name: string, value: Content): Html {
  return html`<div class="tile">
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function rate(value: number | undefined): Html {
  if (value === undefined) return html`<span class="none">measuring</span>`;
  return html`${count(value)}<small>/s</small>`;
}

export function throughputSection({ projection, submissions, rates }: Overview): Html {
  const span = spanOf(rates);
  const lines = (what: string, stored: Counted, read: Counted, readName: string): Html =>
    sparkline(what, span, [
      { name: 'stored', values: rates.past(stored) },
      { name: readName, values: rates.past(read) },
    ]);
  return html`<h2 id="throughput-heading">Throughput</h2>
    <div class="pair">
      <div>
        <h3>Bulk items a second</h3>
        ${
          submissions.fault === undefined
            ? lines('Bulk items a second', 'storedItems', 'visibleItems', 'visible')
            : faultBox('Items', submissions.fault)
        }
      </div>
      <div>
        <h3>Records of the log a second</h3>
        ${
          projection.fault === undefined
            ? lines('Records a second', 'storedRecords', 'projectedRecords', 'projected')
            : faultBox('Records', projection.fault)
        }
      </div>
    </div>
    <p class="hint">
      A record holds one batch. Items are those of the submissions below. Both are measured while
      this page is looked at.
    </p>`;
}

function spanOf(rates: Rates): string {
  const ms = rates.spanMs();
  if (ms < MS_A_MINUTE) return `${Math.round(ms / 1_000)} s`;
  return `${(ms / MS_A_MINUTE).toFixed(1)} min`;
}
