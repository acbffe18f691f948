{{/*
What must be set, as sentences: a chart that is installed without them fails before anything is
made. With dev.enabled the chart brings them itself.
*/}}
{{- define "bank.checks" -}}
{{- $v := .Values -}}
{{- $wrong := list -}}
{{- if not $v.auth.mode -}}
{{- $wrong = append $wrong "auth.mode: say who callers are: jwt, mtls or jwt+mtls" -}}
{{- end -}}
{{- if contains "jwt" $v.auth.mode -}}
{{- if not (and $v.auth.jwt.issuer $v.auth.jwt.jwks) -}}
{{- $wrong = append $wrong "auth.jwt.issuer and auth.jwt.jwks: must be set with jwt" -}}
{{- end -}}
{{- end -}}
{{- if contains "mtls" $v.auth.mode -}}
{{- if not (or $v.auth.identities $v.auth.identitiesConfigMap) -}}
{{- $wrong = append $wrong "auth.identities or auth.identitiesConfigMap: must be set with mtls" -}}
{{- end -}}
{{- if not (and $v.tls.enabled (include "bank.clientCaSecret" .)) -}}
{{- $wrong = append $wrong "tls.enabled and tls.clientCaSecret: must be set with mtls" -}}
{{- end -}}
{{- end -}}
{{- if and $v.tls.enabled (not (include "bank.tlsSecret" .)) -}}
{{- $wrong = append $wrong "tls.secret: name a Secret with tls.crt and tls.key" -}}
{{- end -}}
{{- if and $v.console.enabled (eq $v.auth.mode "mtls") -}}
{{- $wrong = append $wrong "console.enabled: needs auth.mode jwt or jwt+mtls: it asks for a token" -}}
{{- end -}}
{{- if and $v.console.enabled $v.tls.enabled (not (include "bank.testSecret" .)) -}}
{{- $wrong = append $wrong "tests.clientSecret: must be set with console.enabled" -}}
{{- end -}}
{{- if not $v.allowPlaintext -}}
{{- if not (and $v.tls.enabled $v.postgres.tls $v.kafka.tls) -}}
{{- $wrong = append $wrong (print "tls.enabled, postgres.tls, kafka.tls: false needs "
  "allowPlaintext, which says that something else encrypts") -}}
{{- end -}}
{{- if and $v.connect.enabled (not $v.connect.tls.secret) -}}
{{- $wrong = append $wrong (print "connect.tls.secret: name a Secret with keystore.p12, "
  "truststore.p12 and password, or set connect.enabled to false, or allowPlaintext") -}}
{{- end -}}
{{- end -}}
{{- if and $v.connect.enabled $v.connect.tls.secret (not $v.connect.tls.clientSecret) -}}
{{- $wrong = append $wrong "connect.tls.clientSecret: must be set with connect.tls.secret" -}}
{{- end -}}
{{- if and $v.postgres.tls (not $v.postgres.caSecret) -}}
{{- $wrong = append $wrong "postgres.caSecret: name a Secret with ca.crt" -}}
{{- end -}}
{{- if not $v.dev.enabled -}}
{{- if not $v.postgres.passwordsSecret -}}
{{- $wrong = append $wrong "postgres.passwordsSecret: name a Secret with the roles' passwords" -}}
{{- end -}}
{{- if not (and $v.postgres.eventStore.host $v.postgres.projectionStore.host) -}}
{{- $wrong = append $wrong "postgres.eventStore.host, postgres.projectionStore.host: must be set" -}}
{{- end -}}
{{- if not $v.redis.urlSecret -}}
{{- $wrong = append $wrong "redis.urlSecret: name a Secret with BANK_REDIS_URL" -}}
{{- end -}}
{{- if not $v.kafka.brokers -}}
{{- $wrong = append $wrong "kafka.brokers: must be set" -}}
{{- end -}}
{{- if and $v.migrations.enabled (not $v.migrations.adminSecret) -}}
{{- $wrong = append $wrong (print "migrations.adminSecret: name a Secret with the owner's URLs, "
  "or set migrations.enabled to false") -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\nbanking-es cannot be installed so:\n- %s\n" (join "\n- " $wrong)) -}}
{{- end -}}
{{- end -}}
