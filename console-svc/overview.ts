/**
 * The overview of one person: all that is asked of the services for it at one moment, side by side,
 * and what is kept between two moments (rates, how much can be read). A part that is refused or not
 * answered is told in its place; only a token that nobody takes ends the view.
 */
import type { GetProjectionStatusResponse } from '#proto/bank/v1/projector_service.ts';
import type { Submission } from '#proto/bank/v1/submission.ts';
import { signedOutBy, type BankReader } from './bank-reader.ts';
import { LISTS } from './config.ts';
import type { Html } from './html.ts';
import { createItemCounts, type ItemCounts } from './item-counts.ts';
import { bulkModeSection } from './mode-section.ts';
import type { Overview } from './overview-facts.ts';
import { partitionsSection, pipelineSection } from './pipeline-sections.ts';
import { createRates, type Rates } from './rates.ts';
import { submissionsSection } from './submission-table.ts';
import { summarySection, throughputSection } from './throughput-sections.ts';
import { createVisibleProgress, type VisibleProgress } from './visible-progress.ts';
import type { Look, View } from './watches.ts';

export const OVERVIEW = 'overview';

/** In the order of the page. */
const SECTIONS: Readonly<Record<string, (overview: Overview) => Html>> = {
  summary: summarySection,
  throughput: throughputSection,
  submissions: submissionsSection,
  pipeline: pipelineSection,
  mode: bulkModeSection,
  partitions: partitionsSection,
};

export function overviewView(reader: BankReader): View {
  const progress = createVisibleProgress(reader);
  const kept = { rates: createRates(), stored: createItemCounts(), progress };
  return {
    look: () => lookOnce(reader, kept),
    close: () => progress.close(),
  };
}

type Kept = {
  readonly rates: Rates;
  readonly stored: ItemCounts;
  readonly progress: VisibleProgress;
};

async function lookOnce(reader: BankReader, kept: Kept): Promise<Look> {
  const page = { pageSize: LISTS.recent, pageToken: '', openOnly: false };
  const [projection, mode, submissions] = await Promise.all([
    reader.projectionStatus(),
    reader.bulkMode(),
    reader.submissions(page),
  ]);
  const signedOut = signedOutBy([projection, mode, submissions]);
  if (signedOut !== undefined) return { signedOut };
  const listed = submissions.value?.submissions ?? [];
  const visible = kept.progress.follow(listed);
  noteCounts(kept, projection.value, submissions.value?.submissions);
  const overview = { projection, mode, submissions, visible, rates: kept.rates };
  const shown = Object.entries(SECTIONS).map(([id, make]) => [id, make(overview)] as const);
  return { sections: new Map(shown) };
}

function noteCounts(
  { rates, stored, progress }: Kept,
  projection: GetProjectionStatusResponse | undefined,
  submissions: readonly Submission[] | undefined,
): void {
  const sum = (pick: 'headSeq' | 'appliedSeq'): number | undefined =>
    projection?.partitions.reduce((total, partition) => total + Number(partition[pick]), 0);
  const items = submissions?.map((one) => [one.submissionId, storedItems(one)] as const);
  rates.note(performance.now(), {
    storedRecords: sum('headSeq'),
    projectedRecords: sum('appliedSeq'),
    storedItems: items === undefined ? undefined : stored.note(new Map(items)),
    visibleItems: submissions === undefined ? undefined : progress.liveItems(),
  });
}

/** Count of items, whatever their outcome. */
function storedItems({ accepted, rejected, replayed }: Submission): number {
  return Number(accepted + rejected + replayed);
}
