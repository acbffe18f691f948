#!/usr/bin/env node
// `npx bank` in a checkout: deploy/bootstrap.mjs with the entry of the CLI, so that it works right
// after a clone, with any Node from 20 on.
process.argv.splice(2, 0, 'client/cli/main.ts');
await import('./bootstrap.mjs');
