# Everything that people and continuous integration do goes through these targets.
# `make` alone lists them.

# The answer that `make demo` gives: allow or deny. Empty: it waits for a person in a browser.
ANSWER ?=
# What `make demo` (attach) and `make load` (ordinary) play. Empty: a policy that is contained.
CASE ?=
# The port of `make local`, also for `make cases`, `make report` and `make forget`.
PORT ?= 4566
# What `make chaos` plays: words that an incident or call contains. Empty: the whole matrix.
ONLY ?=
# How many incidents `make load` lets happen at once.
N ?= 200
# What `make deny` checks. Only `all` checks known vulnerabilities, whose database is on the network.
CHECKS ?= licenses bans sources

XTASK = cargo run --quiet --package xtask --
# Where cargo puts what it builds for this machine.
BUILT = $(or $(CARGO_TARGET_DIR),target)/debug

# The processor of the functions: x86_64 or arm64.
ARCHITECTURE ?= x86_64
# The name of a deployed stack, and its Region: for cases, report, scp, smoke, pause, resume and remove.
STACK ?=
REGION ?= us-east-1
# For `make scp`: the roles that deploy, and those that answer task tokens of other state machines.
DEPLOYER ?=
SENDERS ?=
# For `make cases`: the month, parts of the actor and of the subject, and 1 for lines of JSON.
MONTH ?=
ACTOR ?=
SUBJECT ?=
JSON ?=
# For `make forget`: the ARN of an execution.
EXECUTION ?=

comma := ,

.DEFAULT_GOAL := help
# Cargo uses all processors by itself.
.NOTPARALLEL:
.PHONY: help demo local chaos load check test tools prerequisites fmt lint lint-template deny unit e2e setup build deploy smoke pause resume remove cases report forget scp actions managed-policies bench bench-cli screenshots clean requirements rust

help: ## Lists the targets.
	@grep -hE '^[a-z][a-z0-9-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo
	@echo "  make demo ANSWER=allow|deny   answers by itself; without ANSWER it waits for you in a browser"
	@echo "  make demo CASE=attach         plays an attachment that the guard asks about and takes back"
	@echo "  make local PORT=4567          uses another port than 4566"
	@echo "  make chaos ONLY='put revert'  plays the incidents and calls that contain these words, and leaves docs/chaos.md alone"
	@echo "  make deploy ARCHITECTURE=arm64   builds for arm64 and deploys that"
	@echo "  make cases MONTH=2026-11 STACK=name JSON=1   prints the cases of a month as lines of JSON"
	@echo "  make scp STACK=name DEPLOYER=arn:aws:iam::111122223333:role/deploy   and more of the like: see docs/operations.md"

demo: rust ## Plays the walkthrough on a local AWS: the policy, the e-mail, the answer, the outcome.
	@$(call say,building the local tool)
	@cargo build --package xtask
	@$(XTASK) demo $(if $(ANSWER),--answer $(ANSWER)) $(if $(CASE),--case $(CASE))

local: rust ## Keeps the stack up on a local AWS until Ctrl-C and shows what happens on it.
	@$(call say,building the local tool)
	@cargo build --package xtask
	@$(XTASK) up --port $(PORT)

check: fmt lint unit ## The quick part of `make test`, for after each change: format, clippy, unit tests.
	@$(call say,format$(comma) clippy and unit tests passed)

# Cargo unifies the features of dependencies over the selected packages, and rebuilds what differs.
# So each check selects the whole workspace with its tests, and `make test` takes its tools from that
# build.
test: XTASK = $(BUILT)/xtask
test: tools prerequisites fmt lint deny unit lint-template e2e ## Checks everything: format, lints, unit tests, template, end-to-end tests.
	@$(call say,all tests passed)

tools: rust
	@$(call say,building the tools)
	@cargo build --workspace --bin xtask --test agreement

prerequisites: rust ## Checks that this machine has what the tests need; as root or with CI=true, installs what is missing.
	@$(call say,what the tests need)
	@$(XTASK) prerequisites

fmt: rust ## Checks the format of the code (`cargo fmt` mends it).
	@$(call say,checking the format)
	@cargo fmt --all --check

lint: rust ## Checks the code with clippy; a warning is a failure.
	@$(call say,clippy)
	@cargo clippy --workspace --all-targets -- -D warnings
	@cargo clippy --workspace --test '*' -- -D warnings

unit: rust ## Runs the tests that need no emulator: of each crate, and of what template, state machine and code agree on.
	@$(call say,unit tests$(comma) agreement of template$(comma) state machine and code)
	@cargo test --workspace

lint-template: rust ## Checks the template and the state machine with their linters.
	@$(call say,linters of the template)
	@$(XTASK) lint

deny: rust ## Checks licences, sources and forbidden crates of what is built in; CHECKS=all also known vulnerabilities.
	@$(call say,cargo deny)
	@$(XTASK) deny $(CHECKS)

e2e: rust ## Deploys the template to a local AWS and runs the end-to-end tests.
	@$(call say,end-to-end tests)
	@cargo test --workspace --test emulator
	@cargo test --workspace --test scenarios --test chaos --test interpreter

chaos: rust ## Fails at every AWS call of every incident, and writes the results to docs/chaos.md; takes an hour and a half.
	@$(call say,$(if $(ONLY),a part of the matrix of faults,the whole matrix of faults))
	@cargo run --quiet --profile chaos --package end-to-end --bin chaos -- $(if $(ONLY),only '$(ONLY)')

load: rust ## Lets N incidents (200) happen at once and prints how long containment takes; CASE=ordinary makes ordinary calls instead.
	@$(call say,many incidents at once)
	@cargo run --quiet --package end-to-end --bin load -- $(N) $(CASE)

setup: rust ## Installs the SAM CLI and the builder of the functions below .local/tools.
	@$(XTASK) setup

build: rust ## Builds what goes to AWS, with the SAM CLI, for ARCHITECTURE (x86_64 or arm64).
	@$(XTASK) sam-build --architecture '$(ARCHITECTURE)'

deploy: build ## Deploys to the AWS account of your credentials; asks before it does.
	@$(XTASK) sam deploy --guided

smoke: rust ## Plays the walkthrough against the deployed STACK with your AWS credentials, and cleans up after itself.
	@$(XTASK) smoke --stack '$(STACK)' --region '$(REGION)'

pause: rust ## Disables the rules of the deployed STACK, so that no incident starts.
	@$(XTASK) pause --stack '$(STACK)' --region '$(REGION)'

resume: rust ## Enables the rules of the deployed STACK again.
	@$(XTASK) resume --stack '$(STACK)' --region '$(REGION)'

remove: rust ## Deletes the deployed STACK after the last incident has ended; asks before it does.
	@$(XTASK) remove --stack '$(STACK)' --region '$(REGION)'

# Prints nothing but the cases, so that the output can go to a file.
cases: rust ## Prints the decided incidents of MONTH (2026-11) of the deployed STACK, or of the local one; also ACTOR, SUBJECT, JSON=1.
	@$(XTASK) cases --month '$(MONTH)' --actor '$(ACTOR)' --subject '$(SUBJECT)' $(if $(JSON),--json) $(if $(STACK),--stack '$(STACK)' --region '$(REGION)',--port $(PORT))

report: rust ## Prints who holds what of the lists of the deployed STACK, or of the local one, and writes it as a page.
	@cargo build --quiet --package iam-guard --bin iam-guard
	@$(XTASK) report --program '$(abspath $(BUILT))/iam-guard' $(if $(STACK),--stack '$(STACK)' --region '$(REGION)',--port $(PORT))

forget: rust ## Makes the guard forget the decision of the incident EXECUTION, so that it asks about the same change again.
	@$(XTASK) forget --execution '$(EXECUTION)' --port $(PORT)

# Prints nothing but the policy, so that the output can go to a file.
scp: rust ## Prints a service control policy that lets only DEPLOYER change the deployed STACK.
	@$(XTASK) scp --stack '$(STACK)' --region '$(REGION)' --deployer '$(DEPLOYER)' --senders '$(SENDERS)'

actions: ## Refreshes the catalogue of known AWS actions.
	@sh crates/iam-policy/data/refresh.sh

managed-policies: rust ## Refreshes the AWS managed policies of iam-guard and the page about them.
	@mkdir -p target
	@python3 crates/iam-guard/managed-policies.py
	@cargo build --quiet --workspace --example managed_page
	@$(BUILT)/examples/managed_page > target/aws-managed-policies.md
	@mv target/aws-managed-policies.md docs/aws-managed-policies.md

bench: rust ## Measures the policy engine.
	@cargo bench --package iam-policy

bench-cli: rust ## Measures the command line against its goals.
	@cargo build --quiet --release --package iam-guard --bin iam-guard --example bench
	@$(BUILT)/../release/examples/bench target/bench-cli $(BUILT)/../release/iam-guard

screenshots: rust ## Takes the pictures in docs/screenshots anew, in a browser without a window.
	@cargo run --quiet --package approve-callback --example pages -- target/pages
	@cargo build --quiet --package iam-guard --bin iam-guard --example picture
	@$(BUILT)/examples/picture $(BUILT)/iam-guard docs/screenshots/iam-guard.svg target/pages/report.html
	@cargo run --quiet --package end-to-end --bin screenshots -- target/pages docs/screenshots

clean: ## Removes everything that was built or installed here.
	rm -rf target .local .aws-sam template.arm64.yaml

requirements: ## Pins the newest versions of the tools, with their hashes.
	@crates/testing/local-aws/requirements/compile

rust:
	@command -v cargo >/dev/null 2>&1 || { echo "cargo is missing: install Rust from https://rustup.rs and run make again"; exit 1; }

define say
printf '\n==> %s\n' "$(1)"
endef
