/**
 * What a document shows in place of what differs from run to run. Its ids and addresses are
 * examples: each run takes new ids, and the addresses of the bank at hand. In the answers these are
 * changed back; times, days that no call names, how long something took, hashes, tokens and the
 * bank's own ids get a name each, in a table's column as wide as what it stands for.
 */
import { randomUUID } from 'node:crypto';
import type { BankAddresses } from '#client/bank-client.ts';

export type StandIns = {
  /** The text of a document as it is run. */
  readonly toRun: (shown: string) => string;
  /** What a run gives, as a document shows it. */
  readonly toShow: (run: string) => string;
};

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g;
const TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z(?: {2,})?/g;
const DAY = /\b\d{4}-\d\d-\d\d\b/g;
const DAY_IN_ANSWER = /\b\d{4}-\d\d-\d\d\b(?: {2,})?/g;
const TOKEN = /("(?:resume|nextPage)Token": )"[^"]+"/g;

/** Of a file's content, in the name of its submission. */
const HASH = /-[0-9a-f]{24}\b/g;

/** How long a bulk run took. */
const PACE = /^((?:seconds|items per second) +)[\d.,]+$/gm;

/** The stand-ins of a document, or of several that share ids. */
export function standInsOf(document: string, addresses: BankAddresses): StandIns {
  const shownIds = [...new Set(document.match(UUID))];
  const runIds = new Map(shownIds.map((id): [string, string] => [id, randomUUID()]));
  const shownOf = new Map([...runIds].map(([shown, run]) => [run, shown]));
  const days = new Set(document.match(DAY));
  return {
    toRun: (shown) =>
      shown
        .replaceAll(UUID, (id) => runIds.get(id) ?? id)
        .replaceAll('localhost:50051', addresses.command[0] ?? '')
        .replaceAll('localhost:50052', addresses.query[0] ?? '')
        .replaceAll('localhost:50053', addresses.projector[0] ?? ''),
    toShow: (run) =>
      run
        .replaceAll(TOKEN, '$1"<token>"')
        .replaceAll(UUID, (id) => shownOf.get(id) ?? '<id>')
        .replaceAll(HASH, '-<hash>')
        .replaceAll(PACE, '$1<n>')
        .replaceAll(TIME, (time) => inColumn('<time>', time))
        .replaceAll(DAY_IN_ANSWER, (day) => (days.has(day.trim()) ? day : inColumn('<day>', day))),
  };
}

/** What is followed by a column goes on as far as that one. */
function inColumn(name: string, found: string): string {
  return found.endsWith(' ') ? name.padEnd(found.length) : name;
}
