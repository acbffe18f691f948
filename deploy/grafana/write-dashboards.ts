// npm run generate:dashboards: writes dashboards/*.json anew from the tables of pages/.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { dashboardJson } from './dashboard-json.ts';
import { PAGES } from './pages.ts';

const FOLDER = fileURLToPath(new URL('dashboards/', import.meta.url));

for (const page of PAGES) await writeFile(`${FOLDER}${page.uid}.json`, dashboardJson(page));
