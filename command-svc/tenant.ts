/** Whose submissions and accounts these are. There is no authentication yet: all are of one. */
export const NO_TENANT = '';
