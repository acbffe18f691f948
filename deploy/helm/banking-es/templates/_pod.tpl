{{/* What Pod Security `restricted` asks for, and what every container of ours has. */}}

{{- define "bank.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  seccompProfile: { type: RuntimeDefault }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "bank.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* Where a pod may stand: replicas apart, by zone and by node. */}}
{{- define "bank.spread" -}}
topologySpreadConstraints:
  {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "bank.selector" $ | nindent 8 }}
  {{- end }}
{{- end -}}

{{/*
A service that waits for its store is alive and not ready. Kubernetes' own gRPC probe speaks no TLS:
then the image's health check asks, from inside. Liveness asks whether there is any answer.
*/}}
{{- define "bank.probes" -}}
{{- $check := list "/nodejs/bin/node" "--max-old-space-size=32" "deploy/image/healthcheck.ts" -}}
readinessProbe:
  {{- if .root.Values.tls.enabled }}
  exec: { command: {{ toJson $check }} }
  {{- else }}
  grpc: { port: {{ .port }} }
  {{- end }}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 2
livenessProbe:
  exec: { command: {{ toJson (append $check "answers") }} }
  initialDelaySeconds: 10
  periodSeconds: 30
  timeoutSeconds: 10
  failureThreshold: 4
{{- end -}}
