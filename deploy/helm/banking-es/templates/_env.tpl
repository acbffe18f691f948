{{/* The variables of each part. Passwords come from Secrets: none stands in a pod. */}}

{{- define "bank.secretEnv" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef: { name: {{ .secret }}, key: {{ .key | default .name }} }
{{- end -}}

{{/* pg takes the password from PGPASSWORD, as libpq does: it need not be fit for a URL. */}}
{{- define "bank.postgresUrl" -}}
{{- $ca := "?sslmode=verify-full&sslrootcert=/etc/bank/postgres-ca/ca.crt" -}}
postgres://{{ .role }}@{{ .host }}:{{ .port }}/{{ .database }}
{{- if .root.Values.postgres.tls }}{{ $ca }}{{ end }}
{{- end -}}

{{- define "bank.eventStoreEnv" -}}
{{- $host := include "bank.eventStoreHost" .root -}}
- name: BANK_EVENT_STORE_URL
  value: {{ include "bank.postgresUrl" (merge (dict "root" .root "role" .role "host" $host)
    (omit .root.Values.postgres.eventStore "host")) | quote }}
{{- end -}}

{{- define "bank.projectionStoreEnv" -}}
{{- $host := include "bank.projectionStoreHost" .root -}}
- name: BANK_PROJECTION_STORE_URL
  value: {{ include "bank.postgresUrl" (merge (dict "root" .root "role" .role "host" $host)
    (omit .root.Values.postgres.projectionStore "host")) | quote }}
{{- end -}}

{{- define "bank.plaintextEnv" -}}
{{- if .Values.allowPlaintext -}}
- { name: BANK_PLAINTEXT, value: allowed }
{{- end -}}
{{- end -}}

{{- define "bank.kafkaEnv" -}}
- name: BANK_KAFKA_BROKERS
  value: {{ include "bank.brokers" . | quote }}
{{- if .Values.kafka.tls }}
- { name: BANK_KAFKA_TLS, value: "on" }
{{- end }}
{{- if .Values.kafka.caSecret }}
- { name: BANK_KAFKA_CA_FILE, value: /etc/bank/kafka-ca/ca.crt }
{{- end }}
{{- if .Values.kafka.certSecret }}
- { name: BANK_KAFKA_CERT_FILE, value: /etc/bank/kafka-cert/tls.crt }
- { name: BANK_KAFKA_KEY_FILE, value: /etc/bank/kafka-cert/tls.key }
{{- end }}
{{- with .Values.kafka.saslSecret }}
{{ include "bank.secretEnv" (dict "name" "BANK_KAFKA_USERNAME" "secret" .) }}
{{ include "bank.secretEnv" (dict "name" "BANK_KAFKA_PASSWORD" "secret" .) }}
{{- end }}
{{- end -}}

{{- define "bank.connectEnv" -}}
{{- if and .Values.connect.urlSecret (not .Values.connect.enabled) -}}
{{ include "bank.secretEnv" (dict "name" "BANK_CONNECT_URL" "secret" .Values.connect.urlSecret) }}
{{- else -}}
{{- with include "bank.connectUrl" . -}}
- name: BANK_CONNECT_URL
  value: {{ . | quote }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bank.authEnv" -}}
{{- with .Values.auth -}}
- { name: BANK_AUTH, value: {{ .mode }} }
- { name: BANK_AUTH_REFLECTION, value: {{ .reflection }} }
{{- if contains "jwt" .mode }}
- { name: BANK_AUTH_ISSUER, value: {{ .jwt.issuer | quote }} }
- { name: BANK_AUTH_AUDIENCE, value: {{ .jwt.audience | quote }} }
- { name: BANK_AUTH_JWKS, value: {{ .jwt.jwks | quote }} }
{{- end }}
{{- if contains "mtls" .mode }}
- { name: BANK_AUTH_IDENTITIES, value: /etc/bank/identities/identities.json }
{{- end }}
{{- end -}}
{{- end -}}

{{- define "bank.listenerEnv" -}}
- name: BANK_{{ upper .service }}_LISTEN
  value: {{ printf "%s:%v" .root.Values.listenHost .port | quote }}
{{- if .root.Values.tls.enabled }}
- { name: BANK_TLS_CERT_FILE, value: /etc/bank/tls/tls.crt }
- { name: BANK_TLS_KEY_FILE, value: /etc/bank/tls/tls.key }
{{- if include "bank.clientCaSecret" .root }}
- { name: BANK_TLS_CLIENT_CA_FILE, value: /etc/bank/client-ca/ca.crt }
- { name: BANK_TLS_CLIENT_CERTIFICATE, value: {{ .root.Values.tls.clientCertificate }} }
{{- end }}
{{- end }}
{{- if .root.Values.metrics.enabled }}
- name: BANK_METRICS_LISTEN
  value: {{ printf "%s:%v" .root.Values.listenHost .root.Values.metrics.port | quote }}
- { name: BANK_METRICS_PLAINTEXT, value: allowed }
{{- end }}
{{- end -}}

{{/* From maps: those of the service win, then those of all; `usual`: where neither says anything. */}}
{{- define "bank.givenEnv" -}}
{{- range $name, $value := merge (deepCopy .own) .root.Values.env (.usual | default dict) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with concat .root.Values.extraEnv .more }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* All of one of the three services. */}}
{{- define "bank.serviceEnv" -}}
{{- $root := .root -}}
{{- $password := printf "BANK_%s_PASSWORD" (upper .service) -}}
{{- $role := dict "root" .root "role" (printf "bank_%s" .service) -}}
- name: BANK_INSTANCE
  valueFrom:
    fieldRef: { fieldPath: metadata.name }
{{ include "bank.listenerEnv" . }}
{{ include "bank.authEnv" .root }}
{{- with include "bank.plaintextEnv" .root }}
{{ . }}
{{- end }}
{{ include "bank.secretEnv" (dict "name" "PGPASSWORD" "key" $password
  "secret" (include "bank.passwordsSecret" .root)) }}
{{ include "bank.secretEnv" (dict "name" "BANK_REDIS_URL"
  "secret" (include "bank.redisSecret" .root)) }}
{{- if ne .service "query" }}
{{ include "bank.eventStoreEnv" $role }}
{{- if .root.Values.sealing.kekSecret }}
- { name: BANK_KEK_FILE, value: /etc/bank/kek/kek }
{{- end }}
{{- end }}
{{- if ne .service "command" }}
{{ include "bank.projectionStoreEnv" $role }}
{{- end }}
{{- if eq .service "projector" }}
{{ include "bank.kafkaEnv" .root }}
{{- with include "bank.connectEnv" .root }}
{{ . }}
{{- if $root.Values.connect.applyConnector }}
- { name: BANK_CONNECTOR_FILE, value: /app/deploy/connect/outbox.json }
{{- end }}
{{- end }}
{{- end }}
{{- $usual := dict -}}
{{- if and .values.autoscaling.enabled .root.Values.service.headless -}}
{{/* Callers find a replica that comes when their connections end: docs/mesh.md. */}}
{{- $_ := set $usual "BANK_SERVER_CONNECTION_AGE_MAX_MS" "300000" -}}
{{- end -}}
{{- include "bank.givenEnv" (dict "root" .root "own" .values.env "usual" $usual
  "more" .values.extraEnv) }}
{{- end -}}
