#!/usr/bin/env bash
# usage: comment.sh FILE
# Keeps one comment of a pull request: the one whose first line is FILE's, a hidden marker, is
# edited in place; without one it is written, unless CHANGED is empty. GitHub REST API, "Issue
# comments". The token stands in no argument, where other processes would see it.
set -euo pipefail

readonly limit=65536 # characters of a comment
file=$1
marker=$(head -n 1 "$file")
case $marker in
  '<!-- ecs-operator:'*' -->') ;;
  *) echo "::error::$file does not begin with a marker: it is not the output of 'ecs-operator diff -o markdown'" && exit 2 ;;
esac
number=$(jq -r '.pull_request.number // .issue.number // empty' "$GITHUB_EVENT_PATH")
if [ -z "$number" ]; then
  echo "no pull request: the differences stand in the job's summary"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

api() { # api METHOD PATH [FILE]: prints the status; the answer is in $work/answer
  local data=()
  [ $# -lt 3 ] || data=(--data-binary "@$3" --header 'Content-Type: application/json')
  [ "$1" != GET ] || data=(--retry 3)
  curl --silent --show-error --max-time 60 --output "$work/answer" --write-out '%{http_code}' --request "$1" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$GITHUB_TOKEN") \
    --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
    "${data[@]}" "$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues/$2"
}

failed() { # failed WHAT STATUS
  local why
  why=$(jq -r '.message // empty' "$work/answer" 2>/dev/null || true)
  if [ "$2" = 403 ] || [ "$2" = 404 ]; then
    echo "::warning::the comment was not $1 ($2 $why): the token may not write pull requests, as that of a fork; give the job the permission pull-requests: write. The differences stand in the job's summary."
    exit 0
  fi
  echo "::error::the comment was not $1: GitHub answers $2 $why"
  exit 2
}

# Only a bot's or a member's: anybody can write a marker.
found=""
for ((page = 1; ; page++)); do
  status=$(api GET "$number/comments?per_page=100&page=$page")
  [ "$status" = 200 ] || failed read "$status"
  found=$(jq -r --arg marker "$marker" '[.[]
    | select((.body // "" | split("\n")[0] | rtrimstr("\r")) == $marker)
    | select(.user.type == "Bot" or (.author_association | IN("OWNER", "MEMBER", "COLLABORATOR")))][0].id // empty' "$work/answer")
  [ -z "$found" ] || break
  [ "$(jq length "$work/answer")" = 100 ] || break
done
if [ -z "$found" ] && [ -z "${CHANGED:-}" ]; then
  echo "no differences, and no comment that says otherwise"
  exit 0
fi
run="${GITHUB_SERVER_URL:-}/$GITHUB_REPOSITORY/actions/runs/${GITHUB_RUN_ID:-}"
# --rawfile, because jq 1.6 breaks characters with --raw-input --slurp
jq -n --rawfile text "$file" --arg marker "$marker" --arg run "$run" --argjson limit "$limit" \
  '$text | if length > $limit then "\($marker)\nThe differences are too long for a comment: see the summary of [this run](\($run))." else . end | {body: .}' \
  >"$work/body"
if [ -n "$found" ]; then
  status=$(api PATCH "comments/$found" "$work/body")
  [ "$status" = 200 ] || failed edited "$status"
else
  status=$(api POST "$number/comments" "$work/body")
  [ "$status" = 201 ] || failed written "$status"
fi
jq -r '.html_url // empty' "$work/answer"
