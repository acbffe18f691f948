// All pages, in the order in which they are listed.
import { COMMAND_SVC } from './pages/command-svc.ts';
import { PROJECTOR_SVC } from './pages/projector-svc.ts';
import { QUERY_SVC } from './pages/query-svc.ts';
import { THROUGHPUT_AND_LAG } from './pages/throughput-and-lag.ts';
import type { Page } from './panel.ts';

export const PAGES: readonly Page[] = [THROUGHPUT_AND_LAG, COMMAND_SVC, PROJECTOR_SVC, QUERY_SVC];
