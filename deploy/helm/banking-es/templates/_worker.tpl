{{/*
The variables of the Debezium image: CONNECT_A_B becomes the worker's setting a.b; what the outbox
connector names as ${env:...} is there too (docs/operations.md, On servers of your own).
*/}}
{{- define "bank.workerEnv" -}}
{{- $v := .Values -}}
- name: HOST_NAME
  valueFrom:
    fieldRef: { fieldPath: status.podIP }
- name: BOOTSTRAP_SERVERS
  value: {{ include "bank.brokers" . | quote }}
{{ include "bank.secretEnv" (dict "name" "OUTBOX_DATABASE_PASSWORD" "key" "BANK_CDC_PASSWORD"
  "secret" (include "bank.passwordsSecret" .)) }}
{{- $replication := $v.connect.replicationFactor -}}
{{- $settings := dict
  "GROUP_ID" $v.connect.groupId
  "CONFIG_STORAGE_TOPIC" (printf "%s-configs" $v.connect.groupId)
  "OFFSET_STORAGE_TOPIC" (printf "%s-offsets" $v.connect.groupId)
  "STATUS_STORAGE_TOPIC" (printf "%s-status" $v.connect.groupId)
  "OFFSET_FLUSH_INTERVAL_MS" 1000
  "HEAP_OPTS" (printf "-Xmx%s" $v.connect.heap)
  "CONNECT_CONFIG_STORAGE_REPLICATION_FACTOR" $replication
  "CONNECT_OFFSET_STORAGE_REPLICATION_FACTOR" $replication
  "CONNECT_STATUS_STORAGE_REPLICATION_FACTOR" $replication
  "CONNECT_CONFIG_PROVIDERS" "env"
  "CONNECT_CONFIG_PROVIDERS_ENV_CLASS"
    "org.apache.kafka.common.config.provider.EnvVarConfigProvider"
  "CONNECT_CONNECTOR_CLIENT_CONFIG_OVERRIDE_POLICY" "All"
  "CONNECT_PRODUCER_MAX_REQUEST_SIZE" 8388608
  "OUTBOX_DATABASE_HOST" (include "bank.eventStoreHost" .)
  "OUTBOX_DATABASE_PORT" $v.postgres.eventStore.port
  "OUTBOX_DATABASE_NAME" $v.postgres.eventStore.database
  "OUTBOX_DATABASE_USER" "bank_cdc"
  "OUTBOX_DATABASE_SSLMODE" (ternary "verify-full" "disable" $v.postgres.tls)
  "OUTBOX_DATABASE_SSLROOTCERT" (ternary "/etc/bank/postgres-ca/ca.crt" "" $v.postgres.tls)
-}}
{{- range $name, $value := merge (deepCopy $v.connect.env) $settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{ include "bank.workerKafkaEnv" . }}
{{ include "bank.workerRestEnv" . }}
{{- end -}}

{{/* Each of the worker's four clients is told how Kafka is reached. */}}
{{- define "bank.workerKafkaEnv" -}}
{{- $tls := .Values.kafka.tls -}}
{{- $sasl := .Values.kafka.saslSecret -}}
{{- if $sasl -}}
{{ include "bank.secretEnv" (dict "name" "BANK_KAFKA_USERNAME" "secret" $sasl) }}
{{ include "bank.secretEnv" (dict "name" "BANK_KAFKA_PASSWORD" "secret" $sasl) }}
{{- end }}
{{- $protocol := printf "%s%s" (ternary "SASL_" "" (ne $sasl "")) (ternary "SSL" "PLAINTEXT" $tls) }}
{{- range $client := list "" "PRODUCER_" "CONSUMER_" "ADMIN_" }}
- name: CONNECT_{{ $client }}SECURITY_PROTOCOL
  value: {{ $protocol }}
{{- if $sasl }}
- name: CONNECT_{{ $client }}SASL_MECHANISM
  value: SCRAM-SHA-512
- name: CONNECT_{{ $client }}SASL_JAAS_CONFIG
  value: >-
    org.apache.kafka.common.security.scram.ScramLoginModule required
    username="$(BANK_KAFKA_USERNAME)" password="$(BANK_KAFKA_PASSWORD)";
{{- end }}
{{- if $.Values.kafka.caSecret }}
- name: CONNECT_{{ $client }}SSL_TRUSTSTORE_TYPE
  value: PEM
- name: CONNECT_{{ $client }}SSL_TRUSTSTORE_LOCATION
  value: /etc/bank/kafka-ca/ca.crt
{{- end }}
{{- end }}
# What the image's entrypoint does not print.
- name: SENSITIVE_PROPERTIES
  value: >-
    CONNECT_SASL_JAAS_CONFIG,CONNECT_PRODUCER_SASL_JAAS_CONFIG,CONNECT_CONSUMER_SASL_JAAS_CONFIG,
    CONNECT_ADMIN_SASL_JAAS_CONFIG,CONNECT_LISTENERS_HTTPS_SSL_KEYSTORE_PASSWORD,
    CONNECT_LISTENERS_HTTPS_SSL_KEY_PASSWORD,CONNECT_LISTENERS_HTTPS_SSL_TRUSTSTORE_PASSWORD
{{- end -}}

{{/* Its REST answers only to who shows a certificate. */}}
{{- define "bank.workerRestEnv" -}}
{{- with .Values.connect.tls.secret -}}
{{- $ssl := "CONNECT_LISTENERS_HTTPS_SSL_" -}}
- { name: CONNECT_LISTENERS, value: "https://:8083" }
- { name: CONNECT_REST_ADVERTISED_LISTENER, value: https }
- { name: {{ $ssl }}KEYSTORE_TYPE, value: PKCS12 }
- { name: {{ $ssl }}KEYSTORE_LOCATION, value: /etc/bank/connect-rest/keystore.p12 }
- { name: {{ $ssl }}TRUSTSTORE_TYPE, value: PKCS12 }
- { name: {{ $ssl }}TRUSTSTORE_LOCATION, value: /etc/bank/connect-rest/truststore.p12 }
- { name: {{ $ssl }}ENABLED_PROTOCOLS, value: TLSv1.3 }
- { name: {{ $ssl }}PROTOCOL, value: TLSv1.3 }
- { name: {{ $ssl }}CLIENT_AUTH, value: required }
{{- $secret := . }}
{{- range list "KEYSTORE_PASSWORD" "KEY_PASSWORD" "TRUSTSTORE_PASSWORD" }}
{{ include "bank.secretEnv" (dict "name" (print $ssl .) "secret" $secret "key" "password") }}
{{- end }}
{{- else -}}
- { name: CONNECT_LISTENERS, value: "http://:8083" }
{{- end -}}
{{- end -}}
