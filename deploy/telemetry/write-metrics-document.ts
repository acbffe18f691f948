// npm run docs:metrics: writes docs/metrics.md anew from the instruments in the code.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { metricsDocument } from './metrics-document.ts';

const PATH = fileURLToPath(new URL('../../docs/metrics.md', import.meta.url));

await writeFile(PATH, await metricsDocument());
