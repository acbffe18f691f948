/** What the sections of the overview are made of: the answers of one moment, and what was kept. */
import type { GetBulkModeResponse } from '#proto/bank/v1/bulk_mode_service.ts';
import type { ListSubmissionsResponse } from '#proto/bank/v1/bulk_service.ts';
import type { GetProjectionStatusResponse } from '#proto/bank/v1/projector_service.ts';
import type { Outcome } from './bank-reader.ts';
import type { Rates } from './rates.ts';
import type { Visible } from './visible-progress.ts';

export type Overview = {
  readonly projection: Outcome<GetProjectionStatusResponse>;
  readonly mode: Outcome<GetBulkModeResponse>;
  readonly submissions: Outcome<ListSubmissionsResponse>;
  readonly visible: ReadonlyMap<string, Visible>;
  readonly rates: Rates;
};
