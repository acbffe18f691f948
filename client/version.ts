/** The version of this client, which is the package's: a test holds the two together. */
export const CLIENT_VERSION = '0.1.0';
