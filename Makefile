# OverlayFuse. `make help` lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS_OF_FUZZ ?= 600
SEEDS_OF_FUZZ   ?= 100000000
FUZZ_START      ?= 1

PROGRAM := artifacts/bin/overlayfuse
TOOLS := artifacts/bin/overlayfuse-tools
PROGRAM_ARM64 := artifacts/bin/overlayfuse-arm64
TOOLS_ARM64 := artifacts/bin/overlayfuse-tools-arm64
BENCH_CLIENT := artifacts/bin/bench-client
SOURCES := $(shell find src native -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.c' -o -name '*.h' -o -name '*.def' \) \
             -not -path '*/obj/*' -not -path '*/bin/*' -not -path 'src/OverlayFuse.Testing/*') Directory.Build.props Directory.Packages.props global.json

export KERNELS LOGS LIMIT COUNTS CPU RESULTS MODE ONLY RUNS PROGRAMS QUICK PATIENCE DISK
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.DEFAULT_GOAL := help
.PHONY: help build test test-arm64 test-fresh test-apps test-kernels test-kernels-arm64 test-image fuzz-oracle soak bench bench-peers bench-scale measure features lint fmt publish publish-arm64 install uninstall package package-check testing-package demo setup clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build all projects (JIT, for working on them)
	dotnet build OverlayFuse.sln

publish: $(PROGRAM) $(TOOLS) ## Compile the programs ahead of time: artifacts/bin

publish-arm64: $(PROGRAM_ARM64) $(TOOLS_ARM64) ## Compile the programs for arm64 by a cross compiler: artifacts/bin

$(PROGRAM): $(SOURCES)
	dotnet publish src/OverlayFuse.Cli -c Release -o artifacts/publish -v quiet
	install -D -m 755 artifacts/publish/overlayfuse $@

$(TOOLS): $(SOURCES)
	dotnet publish src/OverlayFuse.Tools -c Release -o artifacts/publish-tools -v quiet
	install -D -m 755 artifacts/publish-tools/overlayfuse-tools $@

$(PROGRAM_ARM64): $(SOURCES)
	@tests/setup packaging/debian-packages-arm64.txt
	dotnet publish src/OverlayFuse.Cli -c Release -r linux-arm64 -o artifacts/publish-arm64 -v quiet
	install -D -m 755 artifacts/publish-arm64/overlayfuse $@

$(TOOLS_ARM64): $(SOURCES)
	@tests/setup packaging/debian-packages-arm64.txt
	dotnet publish src/OverlayFuse.Tools -c Release -r linux-arm64 -o artifacts/publish-tools-arm64 -v quiet
	install -D -m 755 artifacts/publish-tools-arm64/overlayfuse-tools $@

setup: ## Install what building and testing need (Debian packages, as root)
	@tests/setup

test: setup $(PROGRAM) $(TOOLS) ## Set up, build, and run the tests (some ten minutes; as root, for all of them)
	@tests/run 'TestCategory!=AppsLong&TestCategory!=Soak&TestCategory!=Arm64'

test-arm64: setup publish publish-arm64 ## Run the arm64 program under qemu-user, and compare what it says with the other (as root)
	@PACKAGES=tests/debian-packages-arm64.txt tests/run 'TestCategory=Arm64' OverlayFuse.Mount.Tests

test-fresh: ## Run .ci/run on a clone of HEAD in a new Debian that has nothing but the .NET SDK (half an hour; as root)
	@tests/fresh

test-apps: setup $(PROGRAM) ## Run real programs in merged views, the long ones too
	@tests/run 'TestCategory=Apps|TestCategory=AppsLong' OverlayFuse.Mount.Tests

fuzz-oracle: setup $(PROGRAM) ## Compare random operations, and random hostile layers, with the kernel's overlayfs (each: SECONDS_OF_FUZZ=600, SEEDS_OF_FUZZ, FUZZ_START=1)
	@OVERLAYFUSE_FUZZ_START=$(FUZZ_START) OVERLAYFUSE_FUZZ_SEEDS=$(SEEDS_OF_FUZZ) OVERLAYFUSE_FUZZ_SECONDS=$(SECONDS_OF_FUZZ) HANG_TIMEOUT=24h \
	  tests/run 'Name=Fuzz_RandomOperations_EqualTheKernel|Name=Fuzz_HostileLayers_EqualTheKernel' OverlayFuse.Mount.Tests

soak: setup $(PROGRAM) ## Mount and unmount a thousand times, make and remove 100,000 files: nothing may be left or grow
	@tests/run 'TestCategory=Soak' OverlayFuse.Mount.Tests

features: setup $(PROGRAM) ## Run every row of FEATURES.md on four overlays, and write the table anew (as root)
	@OVERLAYFUSE_FEATURES=write PACKAGES=bench/debian-packages.txt tests/run 'TestCategory=Features' OverlayFuse.Mount.Tests

test-kernels: setup $(PROGRAM) ## Boot Debian's kernels in qemu and try the program in each (KERNELS='5.10 6.1 6.12 newest')
	@tests/with tests/debian-packages.txt tests/kernels/debian-packages.txt -- tests/kernels/run

test-kernels-arm64: setup $(PROGRAM_ARM64) ## The same on arm64 (KERNELS='6.12-arm64 6.12-arm64-16k')
	@KERNELS="$(or $(KERNELS),6.12-arm64 6.12-arm64-16k)" tests/with tests/debian-packages.txt tests/kernels/debian-packages.txt \
	  tests/kernels/debian-packages-arm64.txt -- tests/kernels/run

test-image: setup ## Build Dockerfile.test with buildah on a base made by debootstrap, and start the program in it
	@tests/image

bench: ## Benchmarks of the parts: lookups by depth, copy-up, protocol, allocation (ARGS='--filter *Lookup*')
	dotnet run -c Release --project bench/OverlayFuse.Benchmarks -- $(ARGS)

bench-peers: $(PROGRAM) $(BENCH_CLIENT) ## Compare with the bare disk, the kernel and other overlays (MODE=root|rootless ONLY=REGEX RUNS=3 PROGRAMS= QUICK=1)
	tests/with bench/debian-packages.txt -- dotnet run -c Release --project bench/OverlayFuse.BenchPeers

bench-scale: $(PROGRAM) $(BENCH_CLIENT) ## Curves: layers, entries, known inodes, client processes (as bench-peers)
	tests/with bench/debian-packages.txt -- dotnet run -c Release --project bench/OverlayFuse.BenchPeers -- scale

$(BENCH_CLIENT): $(wildcard bench/client/*.[ch])
	@mkdir -p $(@D)
	gcc -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

testing-package: $(PROGRAM) ## Build the NuGet package OverlayFuse.Testing, and try it in a project elsewhere: artifacts/nuget
	dotnet pack src/OverlayFuse.Testing -c Release -o artifacts/nuget -v quiet --nologo
	tests/testing-package artifacts/nuget

measure: $(PROGRAM) ## Measure what docs/performance.md states: the time to mount, memory
	@tests/measure mount $(PROGRAM)
	@tests/measure memory $(PROGRAM)

lint: ## Check formatting and warnings
	dotnet restore OverlayFuse.sln -v quiet
	dotnet format OverlayFuse.sln --verify-no-changes --no-restore
	dotnet build OverlayFuse.sln -v quiet

fmt: ## Format the code
	dotnet format OverlayFuse.sln

install: $(PROGRAM) ## Install program, manual pages, completions and systemd unit to PREFIX (/usr/local); DESTDIR for packagers
	@packaging/install $(PROGRAM) "$(DESTDIR)$(PREFIX)" "$(PREFIX)"

uninstall: ## Remove what install put there
	@packaging/install --remove "$(DESTDIR)$(PREFIX)"

package: $(PROGRAM) ## Make the Debian package, the portable archive and their checksums: artifacts/packages
	@tests/with packaging/debian-packages.txt -- packaging/package $(PROGRAM) artifacts/packages

package-check: package ## Check what package makes: lintian, shells, an installation with systemd, equal bytes from two builds (as root)
	@tests/with packaging/debian-packages.txt tests/debian-packages.txt -- packaging/check/run artifacts/packages

demo: ## Build, then show lookup, copy-up, whiteout and opaque directory on sample layers
	@tests/setup tests/debian-packages-demo.txt || [ "$$(id -u)" != 0 ]
	@$(MAKE) --no-print-directory $(PROGRAM)
	@tests/demo $(PROGRAM)

clean: ## Remove what was built
	rm -rf artifacts
	find . -type d \( -name bin -o -name obj -o -name TestResults \) -not -path './.git/*' -prune -exec rm -rf {} +
