# Sourced: the arguments that validate and diff have in common, from the action's inputs.
arguments=()
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("--env=$line")
done <<<"$ENVIRONMENTS"
[ -z "$TARGETS" ] || arguments+=("--targets=$TARGETS")
arguments+=(--)
while IFS= read -r line; do
  [ -z "$line" ] || arguments+=("$line")
done <<<"$DOCUMENTS"
