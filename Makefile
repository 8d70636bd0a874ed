# Thin names for plain commands. Nothing here is needed: each target is the
# command written beside it, and the tools are pinned in .ci/tools/go.mod.

TOOL := go tool -modfile=.ci/tools/go.mod
DIRS := actors bench cmd engine persistence transport
PKG  ?= ./...
TIME ?= 30s

.PHONY: help build check test race bench fuzz cover web tidy mutants simulate recovery

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

build: ## go build -o parley ./cmd/parley
	go build -o parley ./cmd/parley

check: ## gofumpt -l; go vet; staticcheck; golangci-lint; the import test
	@unformatted="$$($(TOOL) gofumpt -l $(wildcard $(DIRS)))"; \
	if [ -n "$$unformatted" ]; then echo "gofumpt -w these:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	$(TOOL) staticcheck ./...
	$(TOOL) golangci-lint run ./...
	go test -count=1 -run 'Import|House' ./cmd/parley

test: ## go test ./...
	go test $(PKG)

race: ## go test -race -shuffle=on ./...
	go test -race -shuffle=on $(PKG)

bench: ## go test -run=NONE -bench=. -count=6 PKG, for benchstat: make bench PKG=./persistence | tee new.txt
	go test -run=NONE -bench=. -benchmem -count=6 $(PKG)

fuzz: ## go test -run=NONE -fuzz=TARGET -fuzztime=TIME PKG, for every fuzz target in turn
	@grep -rlE --include='*_test.go' '^func Fuzz' $(wildcard $(DIRS)) | while read -r file; do \
		grep -oE '^func Fuzz[A-Za-z0-9_]+' "$$file" | sed 's/^func //' | while read -r target; do \
			echo "$$(dirname "$$file") $$target"; \
			go test -run=NONE -fuzz="^$$target\$$" -fuzztime=$(TIME) "./$$(dirname "$$file")" </dev/null || exit 1; \
		done || exit 1; \
	done

mutants: ## plant faults in the rules, one at a time, and see the simulator catch each
	PARLEY_MUTANTS=1 go test -count=1 -timeout=60m -run=TestMutants -v ./engine/simulate

simulate: ## go run ./cmd/parley simulate --events 10000000
	go run ./cmd/parley simulate --events 10000000

recovery: ## start the real server on 100,000 open sessions and log what that takes
	PARLEY_TEST_LONG=1 go test -count=1 -timeout=20m -run=TestRecoveryAtSize -v ./cmd/parley

cover: ## go test -coverprofile=cover.out ./... and go tool cover -func
	go test -coverpkg=./... -coverprofile=cover.out $(PKG)
	go tool cover -func=cover.out | tail -n 1

web: ## go generate ./transport/web, then tsc over its sources
	go generate ./transport/web
	cd transport/web && npm ci --no-audit --no-fund && npm run --if-present typecheck

tidy: ## go mod tidy, here and in .ci/tools
	go mod tidy
	cd .ci/tools && go mod tidy
