/** npm run generate:chart: writes the README.md of the chart from its values.yaml. */
import { writeFileSync } from 'node:fs';
import { VALUES_DOCUMENT, valuesDocument } from './values-document.ts';

writeFileSync(VALUES_DOCUMENT, valuesDocument());
