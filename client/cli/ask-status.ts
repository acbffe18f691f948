/**
 * Asks every replica whether it serves, and the projectors how far the projection is and how the
 * pipeline stands; the first one that answers is told. Nobody is waited for longer than a deadline,
 * and one that does not answer is part of the answer.
 */
import { status } from '@grpc/grpc-js';
import { HealthState, ProjectorServiceClient } from '#proto/bank/v1/projector_service.ts';
import type { GetProjectionStatusResponse } from '#proto/bank/v1/projector_service.ts';
import { HealthCheckResponse_ServingStatus, HealthClient } from '#proto/health/v1/health.ts';
import { channelAccess, type BankAccess } from '../bank-access.ts';
import { channelTarget } from '../bank-client.ts';
import { callFault, describeFault } from '../call-fault.ts';
import { unaryCall } from '../unary-call.ts';

export const SERVICES = ['command', 'query', 'projector'] as const;
export type Service = (typeof SERVICES)[number];
export type Addresses = Readonly<Record<Service, readonly string[]>>;

export type Replica = { service: Service; address: string; serves: boolean; message: string };

/** From mild to bad. */
export const STATES = ['ok', 'warning', 'unknown', 'failing'] as const;
export type State = (typeof STATES)[number];

export type BankStatus = {
  state: State;
  at: Date;
  replicas: Replica[];
  /** undefined: no projector has answered, and `fault` says what one answered instead. */
  projection: GetProjectionStatusResponse | undefined;
  fault: string;
};

const DEADLINE_MS = 5000;
const SERVICE_NAMES: Record<Service, string> = {
  command: 'bank.v1.AccountCommandService',
  query: 'bank.v1.AccountQueryService',
  projector: 'bank.v1.ProjectorService',
};

export async function askStatus(
  addresses: Addresses,
  access: BankAccess = {},
): Promise<BankStatus> {
  const asked = SERVICES.flatMap((service) =>
    addresses[service].map((address) => askReplica(service, address, access)),
  );
  const [replicas, answer] = await Promise.all([
    Promise.all(asked),
    askProjection(addresses.projector, access),
  ]);
  const states = [...SERVICES.map((service) => stateOf(replicas, service)), stateOfAnswer(answer)];
  const state = STATES[Math.max(...states.map((one) => STATES.indexOf(one)))] ?? 'unknown';
  return { state, at: new Date(), replicas, ...answer };
}

async function askReplica(service: Service, address: string, access: BankAccess): Promise<Replica> {
  const { credentials, ...options } = channelAccess([address], access);
  const client = new HealthClient(channelTarget([address]), credentials, options);
  try {
    const request = { service: SERVICE_NAMES[service] };
    const options = { deadlineMs: DEADLINE_MS };
    const { status } = await unaryCall(client.check.bind(client), request, options);
    const serves = status === HealthCheckResponse_ServingStatus.SERVING;
    return { service, address, serves, message: serves ? 'SERVING' : 'NOT_SERVING' };
  } catch (error) {
    return { service, address, serves: false, message: unanswered(address, service, error) };
  } finally {
    client.close();
  }
}

/** Where nobody listens, what to look at; else what was answered. */
function unanswered(address: string, service: Service, error: unknown): string {
  const fault = callFault(error);
  if (fault.code !== status.UNAVAILABLE || fault.reason !== '') return describeFault(fault);
  return `nothing answers on ${address}: is the ${service} service started, or elsewhere?`;
}

type Answer = Pick<BankStatus, 'projection' | 'fault'>;

async function askProjection(addresses: readonly string[], access: BankAccess): Promise<Answer> {
  const asked = addresses.map((address) => askProjector(address, access));
  const answers = await Promise.all(asked);
  return answers.find(({ projection }) => projection !== undefined) ?? answers[0] ?? NOBODY;
}

const NOBODY: Answer = { projection: undefined, fault: 'no projector was named' };

async function askProjector(address: string, access: BankAccess): Promise<Answer> {
  const { credentials, ...options } = channelAccess([address], access);
  const client = new ProjectorServiceClient(channelTarget([address]), credentials, options);
  try {
    const options = { deadlineMs: DEADLINE_MS };
    const ask = client.getProjectionStatus.bind(client);
    return { projection: await unaryCall(ask, {}, options), fault: '' };
  } catch (error) {
    return { projection: undefined, fault: unanswered(address, 'projector', error) };
  } finally {
    client.close();
  }
}

/** A service is there while one of its replicas serves. */
function stateOf(replicas: readonly Replica[], service: Service): State {
  const own = replicas.filter((replica) => replica.service === service);
  if (own.every(({ serves }) => serves)) return 'ok';
  return own.some(({ serves }) => serves) ? 'warning' : 'failing';
}

function stateOfAnswer({ projection }: Answer): State {
  return projection?.pipeline === undefined ? 'unknown' : stateName(projection.pipeline.state);
}

export function stateName(state: HealthState): State {
  switch (state) {
    case HealthState.HEALTH_STATE_OK:
      return 'ok';
    case HealthState.HEALTH_STATE_WARNING:
      return 'warning';
    case HealthState.HEALTH_STATE_FAILING:
      return 'failing';
    case HealthState.HEALTH_STATE_UNKNOWN:
    case HealthState.HEALTH_STATE_UNSPECIFIED:
    case HealthState.UNRECOGNIZED:
      return 'unknown';
  }
}
