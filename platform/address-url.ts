/**
 * The URL of a part, with what it says of TLS taken out: names of files in its query, as
 * `rediss://user:password@host:6379?ca_file=/etc/bank/ca.pem`. What is left is for the part's own
 * client.
 */
import { clientTls, type ClientTls } from './client-tls.ts';

export type FileNames = { readonly ca: string; readonly cert: string; readonly key: string };

export const FILE_NAMES: FileNames = { ca: 'ca_file', cert: 'cert_file', key: 'key_file' };

/** Takes the names of files out of the URL's query. */
export function takeTlsFiles(url: URL, names: FileNames = FILE_NAMES): ClientTls {
  const take = (name: string): string | undefined => {
    const value = url.searchParams.get(name);
    url.searchParams.delete(name);
    return value === null || value === '' ? undefined : value;
  };
  const [caFile, certFile, keyFile] = [take(names.ca), take(names.cert), take(names.key)];
  return clientTls({ caFile, certFile, keyFile });
}
