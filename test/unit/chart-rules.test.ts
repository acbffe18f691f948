/**
 * The rules that the chart's objects are held against (test/chart/rules) find what they are for:
 * one object that breaks none, and each breach of it.
 */
import { describe, expect, test } from 'vitest';
import { parseObjects, type KubeObject } from '#test/chart/objects.ts';
import { linkProblems } from '#test/chart/rules/links.ts';
import { podProblems } from '#test/chart/rules/pods.ts';
import { policyProblems } from '#test/chart/rules/policies.ts';
import { variableProblems } from '#test/chart/rules/variables.ts';

const GOOD = `
apiVersion: v1
kind: Service
metadata: { name: command }
spec:
  clusterIP: None
  selector: { app: command }
  ports: [{ name: grpc, port: 50051, targetPort: grpc }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: command }
spec:
  minReadySeconds: 3
  selector: { matchLabels: { app: command } }
  template:
    metadata: { labels: { app: command } }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 20
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: command
          image: banking-es:0.1.0
          args: [command-svc/main.ts]
          env:
            - { name: BANK_COMMAND_LISTEN, value: '0.0.0.0:50051' }
            - { name: BANK_TLS_CERT_FILE, value: /etc/bank/tls/tls.crt }
            - { name: BANK_AUTH_JWKS, value: 'https://id.example/keys' }
            - { name: BANK_EVENT_STORE_URL, value: 'postgres://db1.example:5432/event_store' }
          ports: [{ name: grpc, containerPort: 50051 }]
          readinessProbe: { grpc: { port: 50051 } }
          livenessProbe: { exec: { command: [check] } }
          lifecycle: { preStop: { sleep: { seconds: 3 } } }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          resources: { requests: { cpu: 1m, memory: 1Mi }, limits: { memory: 1Mi } }
          volumeMounts: [{ name: tls, mountPath: /etc/bank/tls }]
      volumes: [{ name: tls, secret: { secretName: tls } }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: command }
spec:
  podSelector: { matchLabels: { app: command } }
  egress: [{ ports: [{ port: 443 }, { port: 5432 }] }]
`;

describe('the rules of the chart', () => {
  test('have nothing to say of what is right', () => {
    expect(problems(parseObjects(GOOD))).toEqual([]);
  });

  test.each([
    ['selector: { app: command }', 'selector: { app: query }', 'its selector finds no pod'],
    ['targetPort: grpc', 'targetPort: http', 'no container has the port http'],
    ['mountPath: /etc/bank/tls', 'mountPath: /tls', 'where nothing is mounted'],
    ['volumes: [{ name: tls', 'volumes: [{ name: other', 'mounts tls, which is no volume'],
    ['grpc: { port: 50051 }', 'grpc: { port: 50052 }', 'asks port 50052'],
    ['runAsNonRoot: true', 'runAsNonRoot: false', 'may run as root'],
    ['runAsUser: 65532', 'runAsUser: 0', 'names no user'],
    ['type: RuntimeDefault', 'type: Unconfined', 'no seccomp profile'],
    ['automountServiceAccountToken: false', 'hostNetwork: true', 'token of the service account'],
    ['allowPrivilegeEscalation: false', 'privileged: true', 'may gain privileges'],
    ['readOnlyRootFilesystem: true', 'readOnlyRootFilesystem: false', 'may write to its root'],
    ['capabilities: { drop: [ALL] }', 'capabilities: {}', 'capabilities'],
    ['limits: { memory: 1Mi }', 'limits: {}', 'no limit of memory'],
    ['image: banking-es:0.1.0', 'image: banking-es:latest', 'its image is latest'],
    ['secret: { secretName: tls }', 'hostPath: { path: / }', 'a volume of kind hostPath'],
    ['GracePeriodSeconds: 20', 'GracePeriodSeconds: 12', '12 s are too few to drain'],
    ['livenessProbe:', 'startupProbe:', 'has no probes'],
    ['minReadySeconds: 3', 'minReadySeconds: 2', 'before clients have found the last one'],
    ['{ port: 443 }, ', '', 'keeps BANK_AUTH_JWKS from port 443'],
    ['{ port: 5432 }', '{ port: 5433 }', 'keeps BANK_EVENT_STORE_URL from port 5432'],
    [
      'podSelector: { matchLabels: { app: command } }',
      'podSelector: { matchLabels: { app: x } }',
      'no network policy is about it',
    ],
    ['BANK_COMMAND_LISTEN', 'BANK_COMMAND_LISTENS', 'reads no BANK_COMMAND_LISTENS'],
    ['BANK_COMMAND_LISTEN', 'BANK_TLS_CERT_FILE', 'BANK_TLS_CERT_FILE is said twice'],
    ['BANK_COMMAND_LISTEN', 'BANK_KEK', 'BANK_KEK has a secret in plain text'],
    ["'0.0.0.0:50051'", 'postgres://a:b@c/d', 'has a secret in plain text'],
    ['command-svc/main.ts', 'test/run.ts', 'test/run.ts is not in the image'],
  ])('find that %s is not %s', (right, wrong, problem) => {
    expect(GOOD).toContain(right);
    const found = problems(parseObjects(GOOD.replace(right, wrong)));
    expect(found.join('\n')).toContain(problem);
  });

  test('find a Secret that the chart makes', () => {
    const secret = '---\napiVersion: v1\nkind: Secret\nmetadata: { name: made }\n';
    const found = problems(parseObjects(`${GOOD}${secret}`));
    expect(found).toEqual(['Secret made: a chart has no secrets of its own']);
  });
});

function problems(objects: readonly KubeObject[]): string[] {
  return [
    ...linkProblems(objects),
    ...podProblems(objects),
    ...variableProblems(objects),
    ...policyProblems(objects),
  ];
}
