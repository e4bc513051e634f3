# The build flags of the product. The Dockerfile repeats them, and a test compares
# the two; a release calls `make binary`. They keep the image small: no HTTP/2, no
# padding between functions, and inlining only in the runtime and in the packages that
# it is made of, where it pays most (bench/README.md).
FLAGS    = -trimpath -buildvcs=false -tags nethttpomithttp2 -gcflags=all=-l -gcflags=runtime= -gcflags=internal/runtime/...=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS  = -s -w -funcalign=1 -X main.version=$(VERSION)
BUILD    = CGO_ENABLED=0 go build $(FLAGS) -ldflags '$(LDFLAGS)'

# Any version that go.mod allows builds here; nothing is downloaded to match its
# toolchain line. A release insists on that version (scripts/release/build).
export GOTOOLCHAIN ?= local

# Packages whose own tests must cover every statement.
COVERED = ./internal/credential ./internal/secret ./internal/server ./internal/fault

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "%-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: build ## encode the documented sample, or your own BITBUCKET_AUTH_* settings
	@scripts/run-sample

.PHONY: build
build: ## build the binary into .bin/
	@$(BUILD) -o .bin/bitbucket-auth .

.PHONY: binary
binary: # for scripts/release/build: build for GOOS and GOARCH, into OUT
	@$(BUILD) -o "$(OUT)" .

.PHONY: flags
flags: # for .ci/setup: print the build flags
	@echo '$(FLAGS)'

.PHONY: test
test: build unit leaks e2e ## run the tests, but for those of runners, clients and wine; those in containers need Docker

.PHONY: unit
unit:
	go test -shuffle=on ./...
	@scripts/coverage $(COVERED)

# In this form `go test` shows what passing tests print.
.PHONY: leaks
leaks: ## hunt for secrets in every scenario on every host; `go test ./...` takes a sample
	LEAK_HUNT=whole go -C internal/action test -count=1 -run '^TestNothingLeaks'

.PHONY: e2e
e2e: build .bin/act .bin/actionlint .bin/git-lfs .bin/git-lfs-3.6.0 ## test the binary, and the image under Docker and act
	@docker version >/dev/null 2>&1 || echo "no Docker engine answers: without E2E_DOCKER=required, tests that need one are skipped" >&2
	cd e2e && go test -p 1 -shuffle=on -timeout 30m ./...

.PHONY: runners
runners: build $(addprefix .bin/,gitea-runner gitea-runner-1.0.6 buildkite-agent drone-runner) ## run the action under the CI hosts' own runners
	e2e/runners/setup
	cd e2e/runners && go test -shuffle=on -timeout 30m

# WITHOUT=tofu neither builds that client nor requires it.
.PHONY: clients
clients: build .bin/actionlint $(addprefix .bin/,$(filter-out $(WITHOUT),reviewdog tofu)) ## run the samples of docs/tools.md with the programs that it names
	e2e/clients/setup
	cd e2e && E2E_CLIENTS=required E2E_CLIENTS_WITHOUT=$(WITHOUT) go test -run TestClients -timeout 15m ./clients

.PHONY: docs
docs: ## update the generated parts of the documentation
	go run ./internal/docs
	go test -run TestTroubleshootingTable ./internal/bitbucket -update >/dev/null

.PHONY: bench
bench: build ## measure every budget against its yardstick, and write bench/README.md
	@$(BUILD) -o .bin/bench/ ./bench/yardsticks/... ./bench/testbed
	@bench/run

# Not part of .ci/run: it takes an hour.
MUTATED = credential repository gitconfig secret server mirror git bitbucket input
.PHONY: mutants
mutants: .bin/gremlins ## measure which changes to the code the tests notice (MUTATED="secret server")
	@scripts/mutants $(MUTATED)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (1m)
	@scripts/fuzz $(or $(FUZZTIME),1m)

.PHONY: image
image: ## build the image, like `uses: ./`
	docker build --network host --build-arg VERSION=$(VERSION) -t bitbucket-auth .

.PHONY: mirror-image
mirror-image: ## build the mirror's image as a release does, for this machine
	@scripts/mirror-image $(VERSION) bitbucket-auth-mirror

.PHONY: reproduce
reproduce: ## build the Linux programs and the images twice, and compare (VERSION=v1.2.3)
	@scripts/release/reproduce $(VERSION)

.PHONY: validate
validate: ## check the action.yml files against the schema (needs npm)
	@cd .ci/npm && npm install --ignore-scripts --no-package-lock --no-audit --no-fund --loglevel=error
	@for file in $(wildcard action.yml */action.yml); do .ci/npm/node_modules/.bin/action-validator $$file || exit; done

.PHONY: vulncheck
vulncheck: .bin/govulncheck ## check the program for known vulnerabilities (needs vuln.go.dev)
	.bin/govulncheck ./...

.PHONY: lint
lint: .bin/golangci-lint .bin/gofumpt .bin/actionlint ## check code, scripts and workflows
	@unformatted=$$(.bin/gofumpt -l .); if [ -n "$$unformatted" ]; then echo "not formatted with gofumpt:"; echo "$$unformatted"; exit 1; fi
	.bin/golangci-lint run ./...
	cd e2e && ../.bin/golangci-lint run --config ../.golangci.yml ./...
	cd e2e/runners && ../../.bin/golangci-lint run --config ../../.golangci.yml ./...
	cd tools/image && ../../.bin/golangci-lint run --config ../../.golangci.yml ./...
	scripts/shellcheck
	.bin/actionlint
	.bin/actionlint e2e/*/testdata/workflows/*.yml
	for module in . e2e e2e/runners tools/image; do for os in darwin windows; do \
		GOOS=$$os CGO_ENABLED=0 go -C $$module vet ./... || exit; done; done

# Tools are pinned, each in its own module.
.bin/%: tools/%/go.mod tools/%/go.sum
	@echo "building $* once$(if $(filter golangci-lint,$*), (about three minutes on two cores))" >&2
	cd tools/$* && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o $(CURDIR)/$@ tool
