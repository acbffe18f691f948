/**
 * Four kinds of test, each a project of its own: style (rules about files), unit (one process, no
 * parts), integration (one piece against real parts) and e2e (the whole mesh). The last two share
 * one stack for the run, started by their global setup; their files run one after another, since
 * they share its parts.
 */
import { defineConfig } from 'vitest/config';

const STYLE_TEST = 'test/unit/style.test.ts';
const STACK_SETUP = './test/support/stack-setup.ts';

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'style', include: [STYLE_TEST] } },
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: [STYLE_TEST],
          maxWorkers: 2, // by default one is left to the machine, which has no more in CI
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: [STACK_SETUP],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: [STACK_SETUP],
          setupFiles: ['./test/support/print-seeds.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
