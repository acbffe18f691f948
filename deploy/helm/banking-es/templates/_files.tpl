{{/*
Which Secrets and ConfigMaps a part sees as files: /etc/bank/NAME. Whole folders, never single
files, so that a renewed Secret arrives and the service takes it without a restart.
*/}}
{{- define "bank.files" -}}
{{- $v := .root.Values -}}
{{- $all := dict -}}
{{- if $v.tls.enabled -}}
{{- $_ := set $all "tls" (dict "secret" (include "bank.tlsSecret" .root)
  "keys" (list "tls.crt" "tls.key")) -}}
{{- with include "bank.clientCaSecret" .root -}}
{{- $_ := set $all "client-ca" (dict "secret" . "keys" (list "ca.crt")) -}}
{{- end -}}
{{- end -}}
{{- if contains "mtls" $v.auth.mode -}}
{{- $_ := set $all "identities" (dict "configMap" ($v.auth.identitiesConfigMap
  | default (printf "%s-identities" (include "bank.fullname" .root)))) -}}
{{- end -}}
{{- if $v.postgres.tls -}}
{{- $_ := set $all "postgres-ca" (dict "secret" $v.postgres.caSecret "keys" (list "ca.crt")) -}}
{{- end -}}
{{- with $v.redis.caSecret -}}
{{- $_ := set $all "redis-ca" (dict "secret" . "keys" (list "ca.crt")) -}}
{{- end -}}
{{- with $v.kafka.caSecret -}}
{{- $_ := set $all "kafka-ca" (dict "secret" . "keys" (list "ca.crt")) -}}
{{- end -}}
{{- with $v.kafka.certSecret -}}
{{- $_ := set $all "kafka-cert" (dict "secret" . "keys" (list "tls.crt" "tls.key")) -}}
{{- end -}}
{{- with $v.connect.tls.clientSecret -}}
{{- $_ := set $all "connect" (dict "secret" . "keys" (list "ca.crt" "tls.crt" "tls.key")) -}}
{{- end -}}
{{- with $v.connect.tls.secret -}}
{{- $_ := set $all "connect-rest" (dict "secret" .
  "keys" (list "keystore.p12" "truststore.p12")) -}}
{{- end -}}
{{- with $v.sealing.kekSecret -}}
{{- $_ := set $all "kek" (dict "secret" . "keys" (list "kek")) -}}
{{- end -}}
{{- if $v.tls.enabled -}}
{{- with include "bank.testSecret" .root -}}
{{- $_ := set $all "client" (dict "secret" .) -}}
{{- end -}}
{{- end -}}
{{- with $v.tests.tokenSecret -}}
{{- $_ := set $all "token" (dict "secret" . "keys" (list "token")) -}}
{{- end -}}
{{- range $name := .names -}}
{{- with get $all $name }}
- name: {{ $name }}
{{ toYaml . | indent 2 }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "bank.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- range fromYamlArray (include "bank.files" .) }}
- name: {{ .name }}
  {{- if .configMap }}
  configMap:
    name: {{ .configMap }}
  {{- else }}
  secret:
    secretName: {{ .secret }}
    defaultMode: 0440
    {{- with .keys }}
    items:
      {{- range . }}
      - { key: {{ . }}, path: {{ . }} }
      {{- end }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "bank.mounts" -}}
- name: tmp
  mountPath: /tmp
{{- range fromYamlArray (include "bank.files" .) }}
- name: {{ .name }}
  mountPath: /etc/bank/{{ .name }}
  readOnly: true
{{- end }}
{{- end -}}
