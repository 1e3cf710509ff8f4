# Type `make` for the list of targets.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
DATA ?= $(CURDIR)/.data
NODES ?= 6100
INSTANCES ?= 2000000
STORE ?= etcd
MVN := mvn -q
# What the jars are made of; a change of any of these rebuilds them.
SOURCES := $(shell find api core network-sdn controller compute-agent console bench -path '*/target' -prune -o \
	\( -name '*.java' -o -name '*.proto' -o -name pom.xml -o -path '*/resources/*' \) -type f -print) pom.xml

.PHONY: help setup build proto demo run test test-debian check history scale bench fuzz sim crash-matrix clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install missing Debian packages (the only step that may need root)
	@deploy/java >/dev/null
	@command -v mvn >/dev/null || { echo "needs Maven: install maven" >&2; exit 1; }
	@deploy/setup

build: setup target/built ## compile and package

target/built: $(SOURCES)
	@$(MVN) package -DskipTests -Dformat.skip
	@mkdir -p target && touch $@

proto: ## take api/proto as the API: its baseline, its code, its reference
	@$(MVN) -pl api verify -Dapi.accept

run: build ## one-node cluster in the foreground; DATA=dir keeps its state, Ctrl-C stops it
	@deploy/run "$(DATA)"

demo: build ## the same, with a demo VM, container and microVM; EXIT=1 ends after the demo
	@EXIT="$(EXIT)" deploy/demo "$(DATA)"

crash-matrix: build ## kill each process at each step of each operation, on real daemons
	@$(MVN) package -pl cluster-tests -am -Dtest=CrashMatrixTest \
		-Dsurefire.failIfNoSpecifiedTests=false -Dformat.skip -Dcrash.matrix=all

test-debian: build ## a Debian guest with cloud-init and OpenSSH, from Debian's packages, lets its user in
	@$(MVN) package -pl cluster-tests -am -Dtest=DebianTest \
		-Dsurefire.failIfNoSpecifiedTests=false -Dformat.skip -Ddebian=true

test: setup ## all tests, on real daemons that the tests start and stop
	@mvn -T2 verify # what waits for daemons leaves a core to another module

check: setup ## two minutes: compile, format, lint, architecture rules, unit tests
	@$(MVN) verify -Dfast

history: setup ## random calls on SQLite and etcd under kill -9, and a check of each answer; OPS=n SEED=n
	@$(MVN) test -pl controller -am -Dtest='*HistoryTest' -Dsurefire.failIfNoSpecifiedTests=false \
		-Dformat.skip -Dhistory.ops=$(or $(OPS),1000000) -Dhistory.seed=$(or $(SEED),1)

bench: build ## measure the promises, into bench/results; ONLY=start,get: those alone, printed
	@"$$(deploy/java)" -XX:+UseSerialGC -Xmx3g --enable-native-access=ALL-UNNAMED \
		--sun-misc-unsafe-memory-access=allow -cp 'bench/target/bench.jar:bench/target/lib/*' \
		io.hypervisor.bench.Main "$(CURDIR)" "$(ONLY)"

scale: build ## NODES simulated nodes, INSTANCES instances, STORE=etcd or local; writes bench/results
	@deploy/scale $(NODES) $(INSTANCES) $(STORE)

fuzz: setup ## bytes that are no requests on all ports of running servers; SECONDS=n SEED=n
	@mvn package -pl cluster-tests -am -Dtest=FuzzTest -Dsurefire.failIfNoSpecifiedTests=false \
		-Dformat.skip -Dfuzz.seconds="$(or $(SECONDS),300)" -Dfuzz.seed="$(or $(SEED),1)"

sim: build ## simulated cluster: SEED=n [TRACE=1] shows one seed, SEEDS=1000 [FROM=k] runs many
	@deploy/simulate "$(SEED)" "$(SEEDS)" "$(FROM)" "$(TRACE)"

clean: ## remove what was built
	@$(MVN) clean
