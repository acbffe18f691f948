/** GET /: the overview, live. */
import { OVERVIEW, overviewView } from './overview.ts';
import { shownPage, signedOutPage, type PageMaker } from './page-context.ts';
import { liveSections } from './page-frame.ts';

export const overviewPage: PageMaker = async (context) => {
  const look = await context.look(OVERVIEW, () => overviewView(context.reader));
  if (look.signedOut !== undefined) return signedOutPage(context, look.signedOut);
  const main = liveSections(look.sections);
  return shownPage(context, { title: 'Overview', place: '/', main, live: '/live' });
};
