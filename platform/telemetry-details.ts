// Whether telemetry may name what belongs to callers: account ids, submissions, the texts of
// errors. Off unless BANK_TELEMETRY_DETAILS=1: traces go to people and systems that have no
// business with accounts.
let shown = false;

export function showDetails(are: boolean): void {
  shown = are;
}

export function detailsAreShown(): boolean {
  return shown;
}
