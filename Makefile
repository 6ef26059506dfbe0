# The commands of a newcomer. Each installs what is missing first (tools/setup) and builds what it
# needs. `make` alone lists them.

PRESET ?= dev
SEEDS ?= 200
JOBS ?= 2
BUILD = build/$(PRESET)
ARGS ?=

.PHONY: help setup build demo test bench check fix sim exhaust mutants mutations torture interop clean
.NOTPARALLEL:

help:
	@echo "make demo            three servers on loopback, SIGKILL of the leader under load, nothing lost"
	@echo "make test            build and run every test          PRESET=dev|release|asan|tsan|clang"
	@echo "make bench           the benchmark suite, every figure beside the floor of the same run"
	@echo "make check           format, layers, headers, lint, paper map;    make fix formats"
	@echo "make sim SEEDS=2000  a simulation campaign that breaks networks, disks and servers"
	@echo "                     ARGS='--seed 9 --trace' tells one seed, --picture FILE draws it"
	@echo "make exhaust         every crash of log, stable file and snapshots in short traces"
	@echo "make mutants         every known bug put back, over three ranges of seeds, and what finds it"
	@echo "make mutations       single conditions negated or dropped at random, and which test notices"
	@echo "make torture         five minutes of SIGKILL and SIGSTOP for real servers under load"
	@echo "make interop         one cluster with hashicorp/raft, and SIGKILL of either kind"

setup:
	@tools/setup

build: setup
	@test -f $(BUILD)/build.ninja || cmake --preset $(PRESET) >/dev/null || cmake --preset $(PRESET)
	@cmake --build $(BUILD) -j $(JOBS)

test: build
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j $(JOBS) $(ARGS)

demo:
	@tools/run demo $(ARGS)

sim:
	@tools/run sim --seeds $(SEEDS) $(ARGS)

exhaust:
	@tools/run exhaust $(ARGS)

mutants: setup
	@tests/sim/run_mutants --ranges 3 $(ARGS)

mutations: setup
	@tools/mutate_conditions --again --page $(ARGS)

interop:
	@tools/run interop $(ARGS)

torture:
	@tools/run torture $(ARGS)

bench:
	@tools/run bench $(ARGS)

check: setup
	@tools/check $(ARGS)

fix: setup
	@tools/fix

clean:
	rm -rf build
