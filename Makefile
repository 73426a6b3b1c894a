# Two commands do everything: `make demo` and `make test`.
# `make check` is the quick tier, `make test` what CI runs, `make prove` the long runs whose results stand under proofs/.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

NPM_STAMP := contracts/node_modules/.installed
HALLPASS := target/debug/hallpass
STAY ?=

.PHONY: demo test check prove fuzz bench bench-signer bench-http gas gas-check spec tools build format lint unit contracts differential e2e generated clean help

help:
	@sed -n 's/^# //p' Makefile | head -3

demo: build tools
	$(HALLPASS) demo --anvil "$$(tools/anvil-path)" $(if $(STAY),--stay)

test: check spec fuzz contracts differential e2e demo
	@echo 'make test: everything passed'

check: format lint unit generated

# --- what each tier consists of

tools: $(NPM_STAMP)

$(NPM_STAMP): contracts/package.json contracts/package-lock.json contracts/scripts/peers.mjs tools/setup
	tools/setup
	npm ci --prefix contracts --no-audit --no-fund
	node contracts/scripts/peers.mjs
	touch $@

build:
	tools/setup
	cargo build --locked --package hallpass-cli

format:
	cargo fmt --all --check
	cargo fmt --manifest-path fuzz/Cargo.toml --check

lint:
	cargo clippy --locked --workspace --all-targets -- -D warnings

unit:
	tools/setup
	cargo test --locked --workspace --lib --bins
	cargo test --locked --package hallpass-policy --package hallpass-spec-reference --package hallpass-auth --package hallpass-session --package hallpass-server --test '*'
	cargo test --locked --workspace --doc

generated: build
	$(HALLPASS) openapi | diff docs/reference/openapi.json -
	@echo 'generated files are up to date'

# Every vector through the reference, and 100,000 random cases through both evaluators.
spec:
	cargo test --locked --package hallpass-spec --test '*'

contracts: tools
	cd contracts && npm run --silent test
	cd contracts && npm run --silent artifacts:check
	for fault in tools/faults/*/*.fault; do node tools/faults/apply.mjs "$$fault" . --check >/dev/null; done
	$(MAKE) --no-print-directory gas-check

# One table of whole transactions, ours beside the peers', from one anvil: printed, and written to bench/gas.json.
gas: tools
	cd contracts && npm run --silent gas

# The same against the committed bench/gas.json: no row over 1 % more, none missing.
gas-check: tools
	cd contracts && npm run --silent gas:check

differential: tools
	cargo test --locked --package hallpass-chain --test '*'

e2e: build tools
	cargo test --locked --package hallpass-store --package hallpass-signer --package hallpass-cli --test '*'

fuzz:
	tools/setup
	fuzz/run

prove: tools
	tools/prove

bench: export CARGO_TARGET_DIR := $(CURDIR)/target/bench
bench: bench-signer bench-http
	rm -rf target/bench/criterion
	cd bench && cargo build --locked --release --bin results
	cd bench && cargo bench --locked --benches
	target/bench/release/results target/bench/criterion target/bench/signer.json target/bench/http.json > bench/results.new
	mv bench/results.new bench/results.json

# The signer as a process, under load: about four minutes, half of them to fill a store with 100,000 sessions.
bench-signer: export CARGO_TARGET_DIR := $(CURDIR)/target/bench
bench-signer: tools
	cargo build --locked --release --package hallpass-cli --package signer-speed
	rm -rf target/bench/signer
	target/bench/release/signer-speed target/bench/release/hallpass "$$(tools/anvil-path)" target/bench/signer > target/bench/signer.json
	rm -rf target/bench/signer

# Who is logged in, over HTTP, beside redis-benchmark: about a minute.
bench-http: export CARGO_TARGET_DIR := $(CURDIR)/target/bench
bench-http: tools
	tools/setup redis
	cargo build --locked --release --package hallpass-cli --package http-speed
	rm -rf target/bench/http
	target/bench/release/http-speed target/bench/release/hallpass "$$(tools/anvil-path)" target/bench/http > target/bench/http.json
	rm -rf target/bench/http

clean:
	cargo clean
	rm -rf contracts/node_modules contracts/out contracts/cache .demo
