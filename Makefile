# Everything a developer runs. `make test` is what CI runs; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
FUZZTIME ?= 10s
SCHEDULES ?= 100000
BENCH ?= .
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)

.NOTPARALLEL:
.PHONY: help build generate test prepare format vet lint generated compile check bench fuzz sim demo clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## bin/gongxin, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/gongxin ./cmd/gongxin

generate: ## anew what is made from templates, tables and messages: page code, docs/transitions.md, docs/errors.md
	$(GO) tool templ generate
	$(GO) generate ./...

test: prepare format generated vet lint compile check ## all that must hold: format, generated code, vet, staticcheck, build, tests with -race, none skipped

prepare: # PostgreSQL, Chromium, nginx, a Chinese font, a C compiler for -race
	scripts/prepare.sh

format:
	@echo '== gofmt'
	@unformatted=$$(gofmt -l $$(find . -name '*.go' -not -name '*_templ.go' -not -path './.git/*')); \
	if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi

generated:
	@echo '== generated code'
	@scripts/generated.sh

vet:
	@echo '== go vet'
	$(GO) vet ./...

lint:
	@echo '== staticcheck'
	$(GO) tool staticcheck ./...

compile:
	@echo '== build without cgo'
	CGO_ENABLED=0 $(GO) build ./...

check:
	@echo '== tests'
	GOTMPDIR=$${TMPDIR:-/tmp} TMPDIR=$$(scripts/testdir.sh) CGO_ENABLED=1 $(GO) run ./scripts/gotest -race -timeout 20m ./...

bench: ## every benchmark; BENCH=Screen for some
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

fuzz: ## every fuzz target for FUZZTIME (10s) each
	FUZZTIME=$(FUZZTIME) scripts/fuzz.sh

sim: ## the long simulation: SCHEDULES schedules of faults (100000), about an hour on two cores
	$(GO) test ./internal/sim -run TestSchedules -schedules $(SCHEDULES) -timeout 10h -v

demo: ## the story, told by the real parts
	$(GO) run ./cmd/gongxin demo

clean: ## what build and demo leave behind
	rm -rf bin gongxin-data
