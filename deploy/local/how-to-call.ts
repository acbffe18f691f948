// What npm start prints once everything serves: how to call it, and where each part is.
import { randomUUID } from 'node:crypto';
import { consoleUrl } from './console.ts';
import type { Mesh } from './mesh.ts';
import { grpcurlFlags, operatorFiles, toolVariables } from './secure-services.ts';
import type { OperatorFiles } from './secure-services.ts';
import { SERVICES, type Service } from './services.ts';

const REPLICA_WIDTH = 'projector-svc on 127.0.0.1:50053'.length;

type Started = Pick<Mesh, 'addresses' | 'metrics'> & {
  stack: Pick<
    Mesh['stack'],
    'ground' | 'eventStoreUrl' | 'projectionStoreUrl' | 'kafkaBrokers' | 'connectUrl'
  > & { folder: Pick<Mesh['stack']['folder'], 'logs'> };
};

export function howToCall(mesh: Started, consolePort: number): string {
  const [command = ''] = mesh.addresses.command;
  const [query = ''] = mesh.addresses.query;
  const all = (service: Service): string => mesh.addresses[service].join(',');
  const account = randomUUID(); // another one each time: accounts stay from run to run
  const files = operatorFiles(mesh.stack.ground);
  const call = files === undefined ? 'grpcurl -plaintext' : 'bankcurl';
  const own = `  bankcurl() { grpcurl ${grpcurlFlags(files)} "$@"; }\n`;
  const alias = files === undefined ? '' : own;
  const where = SERVICES.map((service) => `--${service} ${all(service)}`).join(' ');
  return `
Everything serves. No proto files are needed to call it (how to install grpcurl: README.md):

${alias}  ${call} ${command} list
  ${call} -d '{"account_id":"${account}","currency_code":"EUR","owner":"Ada"}' \\
    ${command} bank.v1.AccountCommandService/OpenAccount
  ${call} -d '{"account_id":"${account}","amount":{"currency_code":"EUR","minor_units":1250}}' \\
    ${command} bank.v1.AccountCommandService/Deposit
  ${call} -d '{"account_id":"${account}"}' ${query} bank.v1.AccountQueryService/GetAccount

  docs/account-life.md shows an account from its opening to its end, each call with its answer.

  console  ${consoleUrl(mesh, consolePort)}${files === undefined ? '' : signInWith(files)}

  commands ${all('command')}   queries ${all('query')}   projector ${all('projector')}
  metrics ${metricsLines(mesh).join('\n          ')}
  event store  ${mesh.stack.eventStoreUrl}
  projections  ${mesh.stack.projectionStoreUrl}
  Kafka ${mesh.stack.kafkaBrokers.join(',')}   Connect ${mesh.stack.connectUrl}
  logs ${mesh.stack.folder.logs}
  status  npm run ops -- status ${where}${files === undefined ? '' : forTools(files)}

Ctrl-C stops it.`;
}

/** Each page with the replica that it is of. */
function metricsLines({ metrics, addresses }: Started): string[] {
  return SERVICES.flatMap((service) =>
    metrics[service].map((page, index) => {
      const name = `${service}-svc on ${addresses[service][index]}`;
      return `${name.padEnd(REPLICA_WIDTH)} http://${page}/metrics`;
    }),
  );
}

function signInWith({ caFile, tokenFile }: OperatorFiles): string {
  return `\n    sign in with the token in ${tokenFile}; the browser's authority is ${caFile}`;
}

function forTools(files: OperatorFiles): string {
  const lines = toolVariables(files).map((line) => `\n    export ${line}`);
  const tools = 'npm run ops -- status or verify, and npm run reconcile, get in with';
  return `\n\n  ${tools}:${lines.join('')}`;
}
