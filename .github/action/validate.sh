#!/usr/bin/env bash
# Checks documents, and shows every problem at its line in the pull request.
set -euo pipefail
source "$ACTION_PATH/.github/action/arguments.sh"

code=0
report=$(ecs-operator validate -o json "${arguments[@]}") || code=$?
if [ -n "$report" ]; then
  # GitHub's escapes (actions/toolkit, command.ts): a value ends at "::", "," or a line break
  jq -r '
    def data: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
    def property: data | gsub(":"; "%3A") | gsub(","; "%2C");
    .problems[]
    | "::\(if .severity == "error" then "error" else "warning" end) file=\(.file | property)"
      + (if .line then ",line=\(.line)" else "" end) + (if .column then ",col=\(.column)" else "" end)
      + "::\(.message + (if .code then " [\(.code)]" else "" end) | data)"' <<<"$report"
  jq -r '"\(.services | length) services valid, \(.errors) errors, \(.warnings) warnings"' <<<"$report"
fi
exit "$code"
