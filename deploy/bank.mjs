#!/usr/bin/env node
// `npx bank` and `npm run bank` in a checkout: deploy/bootstrap.mjs with the entry of the CLI, so
// that it works right after a clone, with any Node from 20 on. npm runs a script in the folder of
// package.json; files are named from the folder where the person is.
const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
if (script === 'bank' && folder !== undefined) process.chdir(folder);
process.argv.splice(2, 0, 'client/cli/main.ts');
await import('./bootstrap.mjs');
