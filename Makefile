# make help prints the targets. SERVICE, FUZZTIME, TESTFLAGS, BENCH, ENGINES, PARTS and TAGS are for
# the command line: make run SERVICE=stt, make fuzz FUZZTIME=5m, make test TESTFLAGS=-v,
# make up ENGINES=yes, make engines PARTS="stt:tiny.en tts", make build TAGS=static
SHELL    := /bin/sh
MODULES   = $(shell go list -m)
PACKAGES  = $(addsuffix /...,$(MODULES))
FUZZTIME ?= 30s

# What tars --version says. Without Git it is empty, and tars says what Go recorded.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
COMMIT  ?= $(shell git rev-parse HEAD 2>/dev/null)

# static leaves out ONNX Runtime, for which the binary would need glibc to start: for Alpine and
# whatever else has musl.
TAGS ?= $(if $(wildcard /lib/ld-musl-*),static)

# Where tars up keeps its data, unless TARS_HOME says so.
ifeq ($(shell uname),Darwin)
home = $(if $(TARS_HOME),$(TARS_HOME),$(HOME)/Library/Application Support/tars)
else
home = $(if $(TARS_HOME),$(TARS_HOME),$(if $(XDG_DATA_HOME),$(XDG_DATA_HOME),$(HOME)/.local/share)/tars)
endif
voice = $(if $(TARS_ASSETS),$(TARS_ASSETS),$(home)/assets)

.DEFAULT_GOAL := help
.PHONY: help up run check test lint fuzz bench soak screenshots generate new assets engines build image
.NOTPARALLEL:

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: ## the whole stack in one process, page on http://127.0.0.1:8080
	@echo 'compiling bin/tars; then the built-in voice is fetched, and the page is at http://127.0.0.1:8080'
	@test -x bin/tars || echo 'the first time this takes about a minute on two cores, and the download; later seconds'
	@$(MAKE) --no-print-directory build
	@ops/assets.sh "$(voice)" || true
	@ENGINES="$(ENGINES)" bin/tars engines offer || true
	@bin/tars up

run: name build ## one service against MQTT_URL: make run SERVICE=stt
	@bin/tars run $(SERVICE)

# Packages whose tests take long whatever the machine has: broker faults and floods, engines
# that are installed and killed a hundred times, comparisons with other libraries.
SLOW = /docs/compare|/test/fault$$|/test/flood$$|/engines/install$$|/engines/supervise$$

# How many packages check tests at once: many tests wait for a real broker or a deadline, so more
# than there are cores. go vet ran before, so go test need not vet again.
ATONCE = 6

check: ## while you work: format, vet and the quick tests, without containers, browser and engines
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w" $$unformatted; exit 1; }
	go vet $(PACKAGES)
	@go test -short -vet=off -p $(ATONCE) -timeout 5m $(TESTFLAGS) $$(go list $(PACKAGES) | grep -vE '$(SLOW)')

test: ## every test that this machine can run, and a line for each kind that it cannot
	@go run ./test/need/cmd
	go test -race -shuffle=on -count=1 -timeout 20m $(TESTFLAGS) $(PACKAGES)

lint: ## format, vet, staticcheck, known vulnerabilities, tidy modules
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt -w" $$unformatted; exit 1; }
	go vet $(PACKAGES)
	go tool staticcheck $(PACKAGES)
	@ops/vulnerabilities.sh $(PACKAGES)
	@go list -m -f '{{.Dir}}' | while IFS= read -r dir; do (cd "$$dir" && go mod tidy -diff) || { echo "go mod tidy in $$dir"; exit 1; }; done

fuzz: ## every fuzz target for FUZZTIME (30s)
	@grep -rHo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | sed 's|/[^/]*:func | |' | while read -r dir target; do \
		echo "$$dir $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "$$dir" </dev/null || exit 1; done

bench: ## the kit beside its MQTT client used by hand, 10 minutes; BENCH=-short for one
	go run ./kit/bench $(BENCH)

soak: ## the fault suite in full, with Docker: 100 restarts, 100 kills, 20 pauses; then each flood for 10 s, and a day of a household
	TARS_SOAK=1 go test -count=1 -v -timeout 120m ./test/fault/
	TARS_SOAK=1 go test -count=1 -v -timeout 60m ./test/flood/
	TARS_SOAK=1 go test -count=1 -v -timeout 30m ./test/household/

screenshots: ## the pictures of docs/page.md, in Chromium
	@PAGE_PICTURES="$(CURDIR)/docs/page" go test ./test/page -run '^TestPictures$$' -count=1
	@cp docs/page/conversation-desktop-light.png docs/page.png

generate: build ## docs/asyncapi.json, topics.md, config.md, .env.example, the access list and the settings of each container
	@describe() { env -i HOME=/ bin/tars describe "$$1" >"$$2.new" && mv "$$2.new" "$$2"; }; \
		describe asyncapi docs/asyncapi.json && describe topics docs/topics.md && describe config docs/config.md && \
		describe env .env.example && describe acl ops/mosquitto/acl && describe compose ops/settings.yml

new: name ## copy the template to services/SERVICE and wire it: make new SERVICE=weather; with DATA=yes it keeps files
	@go run ./ops/new $(if $(DATA),-data) $(SERVICE) && $(MAKE) --no-print-directory generate

assets: ## fetch the built-in voice and the voice detector, for make up and for docker compose
	@ops/assets.sh "$(voice)" $(if $(TARS_ASSETS),,.assets)

engines: build ## install speech and language engines for this machine: 0.8 GB, half a minute
	@bin/tars engines install $(PARTS)

build: ## bin/tars, the one binary
	@CGO_ENABLED=0 go build -trimpath -tags '$(TAGS)' -ldflags '-X main.version=$(VERSION) -X main.commit=$(COMMIT)' -o bin/tars ./cmd/tars

image: ## the one image of all services: make image IMAGE=tars; with PUSH=yes it is sent to where its name says
	@ops/image.sh "$(IMAGE)" "$(VERSION)" "$(COMMIT)" "$(PLATFORMS)" "$(PUSH)"

.PHONY: name
name:
	@test -n "$(SERVICE)" || { echo "name a service: make $(MAKECMDGOALS) SERVICE=stt"; exit 1; }
