/** The ids that the help's examples use. */
export const EXAMPLE_ACCOUNT = '5e0c2a7d-9b14-4f36-8d7a-1c6b3e9f2a40';
export const EXAMPLE_OTHER_ACCOUNT = '8d1c5b7a-2e3f-4a60-8c9d-0e1f2a3b4c5d';
export const EXAMPLE_OPERATION = 'b81f4c02-6d3a-4e97-a5c8-7f20d19e6b34';
export const EXAMPLE_HOLD = 'c4a1f0d2-6b3e-4d7f-9a58-7e6d5c4b3a29';
