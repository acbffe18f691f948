// The names of the two databases of a local stack.
export const EVENT_STORE = 'event_store';
export const PROJECTION_STORE = 'projection_store';
