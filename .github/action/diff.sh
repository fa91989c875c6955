#!/usr/bin/env bash
# Shows what a merge would change: in the job's summary and, in a pull request, in a comment.
set -euo pipefail
source "$ACTION_PATH/.github/action/arguments.sh"

code=0
text="$RUNNER_TEMP/ecs-operator-diff.md"
ecs-operator diff -o markdown "${arguments[@]}" >"$text" || code=$?
echo "markdown=$text" >>"$GITHUB_OUTPUT"
cat "$text" >>"$GITHUB_STEP_SUMMARY"
case $code in
  0) echo "changed=false" >>"$GITHUB_OUTPUT" ;;
  1) echo "changed=true" >>"$GITHUB_OUTPUT" ;;
esac
if [ "$COMMENT" = true ] && [ -s "$text" ]; then
  CHANGED=$([ "$code" = 0 ] || echo true) bash "$ACTION_PATH/.github/action/comment.sh" "$text"
fi
if [ "$code" = 1 ] && [ "$FAIL" != true ]; then # differences are no failure of a pull request
  exit 0
fi
exit "$code"
