{{/* Names and labels. Where a part is told by `service`, the dict has "root" (the whole context). */}}

{{- define "bank.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "bank.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "bank.labels" -}}
{{ include "bank.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: banking-es
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "bank.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bank.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "bank.fullname" .) "default"
  .Values.serviceAccount.create) -}}
{{- end -}}

{{/* As other pods reach a service. */}}
{{- define "bank.address" -}}
{{ include "bank.fullname" .root }}-{{ .service }}.{{ .root.Release.Namespace }}.svc:{{ .port }}
{{- end -}}

{{/* A Secret's name: the one that is given, else that of a dev part. */}}
{{- define "bank.devSecret" -}}
{{- if .given -}}{{ .given }}
{{- else if .root.Values.dev.enabled -}}{{ include "bank.fullname" .root }}-dev-{{ .part }}
{{- end -}}
{{- end -}}

{{- define "bank.passwordsSecret" -}}
{{- include "bank.devSecret" (dict "root" . "given" .Values.postgres.passwordsSecret
  "part" "secrets") -}}
{{- end -}}
{{- define "bank.redisSecret" -}}
{{- include "bank.devSecret" (dict "root" . "given" .Values.redis.urlSecret "part" "secrets") -}}
{{- end -}}
{{- define "bank.adminSecret" -}}
{{- include "bank.devSecret" (dict "root" . "given" .Values.migrations.adminSecret
  "part" "secrets") -}}
{{- end -}}
{{- define "bank.tlsSecret" -}}
{{- include "bank.devSecret" (dict "root" . "given" .Values.tls.secret "part" "tls") -}}
{{- end -}}
{{- define "bank.clientCaSecret" -}}
{{- include "bank.devSecret" (dict "root" . "given" .Values.tls.clientCaSecret "part" "tls") -}}
{{- end -}}
{{- define "bank.testSecret" -}}
{{- include "bank.devSecret" (dict "root" . "given" .Values.tests.clientSecret
  "part" "tls-operator") -}}
{{- end -}}

{{- define "bank.eventStoreHost" -}}
{{- .Values.postgres.eventStore.host | default (printf "%s-dev-postgres"
  (include "bank.fullname" .)) -}}
{{- end -}}
{{- define "bank.projectionStoreHost" -}}
{{- .Values.postgres.projectionStore.host | default (printf "%s-dev-postgres"
  (include "bank.fullname" .)) -}}
{{- end -}}
{{- define "bank.brokers" -}}
{{- if .Values.kafka.brokers -}}{{ join "," .Values.kafka.brokers }}
{{- else -}}{{ include "bank.fullname" . }}-dev-kafka:9092
{{- end -}}
{{- end -}}

{{/* The URL of Connect; empty: there is none, or it is in a Secret. */}}
{{- define "bank.connectUrl" -}}
{{- if .Values.connect.enabled -}}
{{- $host := printf "%s-connect.%s.svc:8083" (include "bank.fullname" .) .Release.Namespace -}}
{{- if .Values.connect.tls.secret -}}
https://{{ $host }}?ca_file=/etc/bank/connect/ca.crt&cert_file=/etc/bank/connect/tls.crt&key_file=
{{- "/etc/bank/connect/tls.key" -}}
{{- else -}}http://{{ $host }}
{{- end -}}
{{- else -}}{{ .Values.connect.url }}
{{- end -}}
{{- end -}}
