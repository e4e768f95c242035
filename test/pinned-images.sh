#!/bin/sh
# pinned-images.sh sees that the images which compose.yml pins are there: it
# fetches them, and on a machine that reaches no registry of images lets another
# tag of the same image stand in, as it has to for tests there.
set -eu
cd "$(dirname "$0")/.."
sed -n 's/.*\${\(MOSQUITTO\|GO\|DEBIAN\)_IMAGE:-\([^}]*\)}.*/\2/p' compose.yml | sort -u | while read -r image; do
	docker image inspect "$image" >/dev/null 2>&1 && continue
	timeout 300 docker pull -q "$image" >/dev/null 2>&1 && continue
	other=$(docker images --format '{{.Repository}}:{{.Tag}}' "${image%%:*}" | grep -v '<none>' | head -n 1)
	[ -n "$other" ] || { echo "$image cannot be fetched, and no image of that name is here" >&2; exit 1; }
	docker tag "$other" "$image"
	echo "$image cannot be fetched: $other stands in for it"
done
