/**
 * The oldest TLS that any connection of ours speaks, as server and as client: there is no exception
 * in the code, every part that we talk to has had 1.3 for years.
 */
export const TLS_VERSION_MIN = 'TLSv1.3';
