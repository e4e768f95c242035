#!/bin/sh
# vulnerabilities.sh PACKAGE... fails when the packages call code with a known
# vulnerability. Without the database nothing is known, which it says as loudly
# as it can; it fails then too where VULNERABILITIES=required is set.
set -eu
out=$(mktemp)
trap 'rm -f "$out"' EXIT
code=0
${GOVULNCHECK:-go tool govulncheck} "$@" >"$out" 2>&1 || code=$?
if [ "$code" -ne 0 ] && grep -q 'fetching vulnerabilities' "$out"; then
	{
		echo '******************************************************************'
		echo '*  NOT CHECKED: the database of known vulnerabilities is out of  *'
		echo '*  reach. Nothing is known about the packages that are used.     *'
		echo '******************************************************************'
		grep 'fetching vulnerabilities' "$out" | head -n 1
	} >&2
	[ "${VULNERABILITIES:-}" != required ] || exit 1
	exit 0
fi
[ "$code" -eq 0 ] || cat "$out"
exit "$code"
