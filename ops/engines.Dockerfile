# The engines of make engines in one image, for docker compose --profile engines.
# The first stage is that of ops/Dockerfile, letter by letter, so that it is built once.
ARG GO_IMAGE=golang:1.26.8-bookworm
ARG DEBIAN_IMAGE=debian:12.12-slim
FROM ${GO_IMAGE} AS build
WORKDIR /src
# The tag static leaves out what would need a C library, which the image has not.
# What tars --version says; the history of the repository is not in the image.
ARG VERSION= COMMIT=
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -tags static -ldflags="-s -w -X main.version=$VERSION -X main.commit=$COMMIT" -o /out/tars ./cmd/tars && mkdir /out/data && \
    cp "$(go env GOROOT)/lib/time/zoneinfo.zip" /out/ && printf 'nonroot:x:65532:65532::/data:/none\n' >/out/passwd

FROM ${GO_IMAGE} AS engines
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv
COPY --from=build /out/tars /out/tars
RUN --mount=type=cache,target=/root/.cache/pip TARS_HOME=/data /out/tars engines install

FROM ${DEBIAN_IMAGE}
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3 libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/tars /tars
COPY --from=engines /data/engines /data/engines
RUN chown 65532:65532 /data
USER 65532:65532
ENV TARS_HOME=/data ENGINES_BIND=0.0.0.0
ENTRYPOINT ["/tars", "engines", "serve"]
