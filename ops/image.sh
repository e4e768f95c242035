#!/bin/sh
# image.sh NAME VERSION COMMIT [PLATFORMS] [PUSH] builds the image of all services. With PUSH it is
# sent to the host that NAME begins with, where REGISTRY_USER and REGISTRY_PASSWORD log in; only
# then there can be more than one of PLATFORMS (linux/amd64,linux/arm64).
set -eu
name=${1:-tars} version=${2:-} commit=${3:-} platforms=${4:-} push=${5:-}
cd "$(dirname "$0")/.."
set -- -f ops/Dockerfile -t "$name" --build-arg "VERSION=$version" --build-arg "COMMIT=$commit"
if [ -z "$push" ]; then
	exec docker build "$@" .
fi
case $name in
*/*/*) ;;
*) echo "image: $name names no host to send it to: want host/owner/name:version" >&2; exit 1 ;;
esac
if [ -n "${REGISTRY_PASSWORD:-}" ]; then
	printf '%s' "$REGISTRY_PASSWORD" | docker login --username "$REGISTRY_USER" --password-stdin "${name%%/*}"
fi
docker buildx create --use --name tars-image >/dev/null 2>&1 || docker buildx use tars-image
exec docker buildx build --push ${platforms:+--platform "$platforms"} "$@" .
