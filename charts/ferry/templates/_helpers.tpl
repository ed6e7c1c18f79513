{{/* What counts where a value is empty (`state:`), which for Helm removes it together with its default. As in values.yaml. */}}
{{- define "ferry.defaults" -}}
app: ferry
replicas: 1
serviceAccount: default
imagePullPolicy: Always
networkPolicy:
  enabled: false
secrets:
  key: secrets.json
state:
  persistence:
    enabled: false
    accessModes: [ReadWriteOnce]
    size: 1Gi
  s3:
    pathStyle: false
tmp:
  sizeLimit: 2Gi
graceSeconds: 25
api:
  enabled: false
  port: 8000
  tokenSecret:
    key: token
podDisruptionBudget:
  enabled: false
  minAvailable: 1
{{- end }}

{{/* Each template begins with this: nobody knows which of them Helm renders first. */}}
{{- define "ferry.fill" -}}
{{- include "ferry.fillIn" (dict "values" .Values "defaults" (include "ferry.defaults" . | fromYaml)) }}
{{- end }}

{{/* Sprig's merge would take 0 and false for empty. */}}
{{- define "ferry.fillIn" -}}
{{- range $name, $default := .defaults }}
{{- $value := index $.values $name }}
{{- if kindIs "invalid" $value }}{{ $_ := set $.values $name $default }}
{{- else if kindIs "map" $default }}{{ include "ferry.fillIn" (dict "values" $value "defaults" $default) }}{{ end }}
{{- end }}
{{- end }}

{{- define "ferry.namespace" -}}
{{ .Values.namespace | default .Release.Namespace }}
{{- end }}

{{- define "ferry.labels" -}}
app: {{ .Values.app }}
app.kubernetes.io/name: ferry
app.kubernetes.io/instance: {{ .Release.Name }}
{{- /* What a label takes of a tag, without the digest that may follow it. */}}
app.kubernetes.io/version: {{ .Values.version | default .Chart.AppVersion | splitList "@" | first | trunc 63 | trimAll "-_." | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* ferry.yaml, empty where there is none. */}}
{{- define "ferry.config" -}}
{{- if kindIs "string" .Values.config }}{{ if trim .Values.config }}{{ .Values.config }}{{ end }}{{ else if .Values.config }}{{ toYaml .Values.config }}{{ end }}
{{- end }}

{{/* The port of /healthz and /readyz: the variable's, if it stands in `env`. */}}
{{- define "ferry.healthPort" -}}
{{- $port := "8080" }}
{{- range .Values.env }}{{ if and (eq .name "HEALTH_CHECK_PORT") .value }}{{ $port = .value }}{{ end }}{{ end }}
{{- $port }}
{{- end }}

{{/* The chart's own variables, without those that `env` sets: a name may stand there once. */}}
{{- define "ferry.env" -}}
{{- $own := list (dict "name" "FERRY_GRACE" "value" (printf "%vs" .Values.graceSeconds)) }}
{{- if include "ferry.config" . }}
{{- $own = append $own (dict "name" "FERRY_CONFIG" "value" "/etc/ferry/ferry.yaml") }}
{{- end }}
{{- with .Values.secrets }}{{ if .secretName }}
{{- $own = append $own (dict "name" "FERRY_SECRETS" "value" (printf "/etc/ferry-secrets/%s" .key)) }}
{{- end }}{{ end }}
{{- with .Values.state.s3 }}{{ if .bucket }}
{{- $own = append $own (dict "name" "FERRY_STATE" "value" (printf "s3://%s" .bucket)) }}
{{- if .endpoint }}{{ $own = append $own (dict "name" "FERRY_S3_ENDPOINT" "value" .endpoint) }}{{ end }}
{{- if .pathStyle }}{{ $own = append $own (dict "name" "FERRY_S3_PATH_STYLE" "value" "true") }}{{ end }}
{{- end }}{{ end }}
{{- with .Values.api }}{{ if .enabled }}
{{- $own = append $own (dict "name" "FERRY_API_HOST" "value" "0.0.0.0") }}
{{- $own = append $own (dict "name" "FERRY_API_PORT" "value" (toString .port)) }}
{{- $own = append $own (dict "name" "FERRY_API_TOKEN" "valueFrom" (dict "secretKeyRef" (dict "name" .tokenSecret.name "key" .tokenSecret.key))) }}
{{- end }}{{ end }}
{{- $given := list }}
{{- range .Values.env }}{{ $given = append $given .name }}{{ end }}
{{- $env := list }}
{{- range $own }}{{ if not (has .name $given) }}{{ $env = append $env . }}{{ end }}{{ end }}
{{- toYaml (concat $env (.Values.env | default list)) }}
{{- end }}

{{/* Whether two pods can have one state: empty if not. */}}
{{- define "ferry.sharesState" -}}
{{- with .Values.state }}
{{- if or .s3.bucket (and .persistence.enabled (has "ReadWriteMany" .persistence.accessModes)) }}true{{ end }}
{{- end }}
{{- end }}

{{/* What would start and not work. */}}
{{- define "ferry.check" -}}
{{- $state := .Values.state }}
{{- if and $state.s3.bucket $state.persistence.enabled }}
{{- fail "state.s3.bucket and state.persistence.enabled: choose one of the two" }}
{{- end }}
{{- if and (gt (int .Values.replicas) 1) (not (include "ferry.sharesState" .)) }}
{{- fail "replicas: more than one need a state that they share, or each would run every job: set state.s3.bucket, or state.persistence with accessModes [ReadWriteMany]" }}
{{- end }}
{{- if and .Values.api.enabled (not .Values.api.tokenSecret.name) }}
{{- fail "api.tokenSecret.name: the API needs a secret with the token that its callers send" }}
{{- end }}
{{- if and .Values.api.enabled (not (include "ferry.config" .)) }}
{{- fail "api.enabled: there is an API only with `config`" }}
{{- end }}
{{- if not (regexMatch "^[0-9]+$" (include "ferry.healthPort" .)) }}
{{- fail (printf "env: HEALTH_CHECK_PORT is not a port: %s" (include "ferry.healthPort" .)) }}
{{- end }}
{{- $names := dict }}
{{- range .Values.env }}
{{- if hasKey $names .name }}{{ fail (printf "env: %s is set twice" .name) }}{{ end }}
{{- $_ := set $names .name true }}
{{- end }}
{{- if and .Values.api.enabled (eq (toString .Values.api.port) (include "ferry.healthPort" .)) }}
{{- fail (printf "api.port: %v is the port of /healthz and /readyz (HEALTH_CHECK_PORT): choose another one" .Values.api.port) }}
{{- end }}
{{- if and .Values.api.enabled (regexMatch "^[0-9]" .Values.app) }}
{{- fail "app: with api.enabled it is the name of a service, which begins with a letter" }}
{{- end }}
{{- end }}
