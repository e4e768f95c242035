#!/usr/bin/env bash
# run.sh [SCENARIO] [TIMES] lets voicebench, an outside judge, talk to the assistant: with
# the engines of this machine, a scripted model, and a house of its own. It ends with an
# error when a turn fails. The report is in OUT (./voicebench-report).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scenario=${1:-$here/conversation.yaml} times=${2:-1} out=${OUT:-voicebench-report}
tars=${TARS:-$here/../../bin/tars} judge=${VOICEBENCH:-voicebench}
command -v "$judge" >/dev/null || { echo "run.sh: no voicebench: python3 -m pip install voicebench==0.2.0, or name it in VOICEBENCH" >&2; exit 1; }
[[ -x $tars ]] || { echo "run.sh: no $tars: make build, or name it in TARS" >&2; exit 1; }

address=$(mktemp)
log=$(mktemp)
"$tars" eval serve --addr 127.0.0.1:0 --log "$log" >"$address" &
house=$!
trap 'kill $house 2>/dev/null; wait $house 2>/dev/null; rm -f "$address"' EXIT
until [[ -s $address ]]; do
  kill -0 $house 2>/dev/null || { echo "run.sh: the assistant did not start, its log is $log" >&2; exit 1; }
  sleep 0.2
done
"$judge" run "$scenario" --url "$(cat "$address")" --repeat "$times" --out "$out" --format json,md
