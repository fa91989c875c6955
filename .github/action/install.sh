#!/usr/bin/env bash
# Puts ecs-operator into PATH, once a job: built from the very commit that the workflow names, so
# that no other download has to be trusted. A runner that has it in PATH keeps its own.
set -euo pipefail

command -v ecs-operator >/dev/null && exit 0
bin="$RUNNER_TEMP/ecs-operator-bin"
CGO_ENABLED=0 go build -C "$ACTION_PATH" -trimpath -o "$bin/ecs-operator" ./cmd/ecs-operator
echo "$bin" >>"$GITHUB_PATH"
echo "ECS_OPERATOR_INSTALLED=true" >>"$GITHUB_ENV"
