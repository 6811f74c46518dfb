# OverlayFuse. `make help` lists the targets.

PREFIX  ?= /usr/local
DESTDIR ?=
SECONDS_OF_FUZZ ?= 600
SEEDS_OF_FUZZ   ?= 100000000
FUZZ_START      ?= 1
DOCFX           := 2.81.0

# Categories of tests that take long, or that need other machines: each has its own target.
LONG_CATEGORIES := AppsLong Soak Arm64 FixturesLong
empty :=
SHORT := TestCategory!=$(subst $(empty) $(empty),&TestCategory!=,$(LONG_CATEGORIES))

PROGRAM := artifacts/bin/overlayfuse
TOOLS := artifacts/bin/overlayfuse-tools
PROGRAM_ARM64 := artifacts/bin/overlayfuse-arm64
TOOLS_ARM64 := artifacts/bin/overlayfuse-tools-arm64
PACKAGING_LISTS := packaging/debian-packages.txt packaging/debian-packages-arm64.txt
BENCH_CLIENT := artifacts/bin/bench-client
SOURCES := $(shell find src native -type f \( -name '*.cs' -o -name '*.csproj' -o -name '*.props' -o -name '*.targets' -o -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.proto' -o -path '*/Completion/*' \) \
             -not -path '*/obj/*' -not -path '*/bin/*' -not -path 'src/OverlayFuse.Testing/*') Directory.Build.props Directory.Packages.props global.json

export KERNELS LOGS LIMIT SUITES TESTS COPIES COUNTS CPU RESULTS MODE ONLY RUNS PROGRAMS QUICK PATIENCE DISK
export DOTNET_CLI_TELEMETRY_OPTOUT := 1
export DOTNET_NOLOGO := 1

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z0-9-]*\):.*\#\# .*/\1/p' $(firstword $(MAKEFILE_LIST)))

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build all projects (JIT, for working on them)
	dotnet build OverlayFuse.sln

publish: $(PROGRAM) $(TOOLS) ## Compile the programs ahead of time: artifacts/bin

publish-arm64: $(PROGRAM_ARM64) $(TOOLS_ARM64) ## Compile the programs for arm64 by a cross compiler: artifacts/bin

$(PROGRAM): $(SOURCES)
	@tests/setup packaging/debian-packages-compile.txt || [ "$$(id -u)" != 0 ]
	dotnet publish src/OverlayFuse.Cli -c Release -o artifacts/publish -v quiet
	install -D -m 755 artifacts/publish/overlayfuse $@

$(TOOLS): $(SOURCES)
	@tests/setup packaging/debian-packages-compile.txt || [ "$$(id -u)" != 0 ]
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
	@tests/run '$(SHORT)'

test-arm64: setup publish publish-arm64 ## Run the arm64 program under qemu-user, and compare what it says with the other (as root)
	@PACKAGES=tests/debian-packages-arm64.txt tests/run 'TestCategory=Arm64' OverlayFuse.Mount.Tests

test-fresh: ## Run .ci/run on a clone of HEAD in a new Debian that has nothing but the .NET SDK (half an hour; as root)
	@tests/fresh

test-apps: setup $(PROGRAM) ## Run real programs in merged views, the long ones too
	@tests/run 'TestCategory=Apps|TestCategory=AppsLong' OverlayFuse.Mount.Tests

# A Node.js that is not Debian's may bring npm.
NPM_PACKAGES := $(shell command -v npm >/dev/null || echo fixtures/debian-packages-npm.txt)
FIXTURE_PACKAGES := fixtures/debian-packages.txt $(NPM_PACKAGES)
FIXTURE_PROGRAMS = x86_64=$(PROGRAM) $(if $(wildcard $(PROGRAM_ARM64)),aarch64=$(PROGRAM_ARM64))

fixtures: $(PROGRAM) ## Build the packages for tests in Python, Node.js and shells: artifacts/fixtures (for arm64 too, after publish-arm64)
	@tests/with $(FIXTURE_PACKAGES) -- fixtures/build artifacts/fixtures $(FIXTURE_PROGRAMS)

test-fixtures: setup fixtures ## Run the twelve tests of fixtures/twelve.txt in every language, also from the packages (vitest is fetched)
	@PACKAGES='$(FIXTURE_PACKAGES)' tests/run 'TestCategory=Fixtures|TestCategory=FixturesLong' OverlayFuse.Mount.Tests OverlayFuse.Testing.Tests

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
	tests/with bench/debian-packages.txt -- bench/peers peers

bench-scale: $(PROGRAM) $(BENCH_CLIENT) ## Curves: layers, entries, known inodes, client processes (as bench-peers)
	tests/with bench/debian-packages.txt -- bench/peers scale

bench-jobs: $(PROGRAM) $(BENCH_CLIENT) ## Compare whole jobs: untar, git, builds, npm, sqlite, grep, cp, rm, apt-get (as bench-peers)
	tests/with bench/debian-packages.txt bench/debian-packages-jobs.txt $(NPM_PACKAGES) -- bench/peers jobs

bench-roundtrip: $(PROGRAM) ## Show where the time of one request goes, by the kernel's trace events (as root)
	$(PROGRAM) run --lower docs -- python3 bench/roundtrip/roundtrip.py "$(CURDIR)/docs"

bench-fixtures: $(PROGRAM) ## Compare a view for each test with a copy for each test: 1 GB, 20,000 files (TESTS=100 COPIES=10 DISK=)
	@tests/with bench/debian-packages.txt tests/debian-packages.txt -- bench/fixtures/run $(PROGRAM)

$(BENCH_CLIENT): $(wildcard bench/client/*.[ch])
	@mkdir -p $(@D)
	gcc -O2 -Wall -Wextra -Werror -o $@ $(filter %.c,$^)

testing-package: $(PROGRAM) ## Build the NuGet package OverlayFuse.Testing, and try it in a project elsewhere: artifacts/nuget
	dotnet pack src/OverlayFuse.Testing -c Release -o artifacts/nuget -v quiet --nologo
	tests/testing-package artifacts/nuget

fuse-package: ## Build the NuGet package OverlayFuse.Fuse, and try it in projects elsewhere (some minutes): artifacts/nuget
	@tests/setup
	rm -f artifacts/nuget/OverlayFuse.Fuse.*
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} \
	  dotnet pack src/OverlayFuse.Fuse -c Release -o artifacts/nuget -v quiet --nologo
	tests/fuse-package artifacts/nuget

fuse-docs: ## Make pages of what OverlayFuse.Fuse and OverlayFuse.Linux document (docfx): artifacts/docs
	dotnet build src/OverlayFuse.Fuse -c Release -v quiet --nologo
	dotnet tool update docfx --version $(DOCFX) --tool-path artifacts/docfx -v quiet
	rm -rf artifacts/docs artifacts/docs-metadata
	artifacts/docfx/docfx src/OverlayFuse.Fuse/docfx.json --logLevel warning

measure: $(PROGRAM) ## Measure what docs/performance.md states: the time to mount, memory
	@tests/measure mount $(PROGRAM)
	@tests/measure memory $(PROGRAM)

lint: ## Check formatting and warnings
	dotnet restore OverlayFuse.sln -v quiet
	dotnet format OverlayFuse.sln --verify-no-changes --no-restore
	dotnet build OverlayFuse.sln -v quiet

fmt: ## Format the code
	dotnet format OverlayFuse.sln

install: $(PROGRAM) $(TOOLS) ## Install programs, manual pages, completions and systemd services to PREFIX (/usr/local); DESTDIR for packagers
	@packaging/install $(PROGRAM) $(TOOLS) "$(DESTDIR)$(PREFIX)" "$(PREFIX)"

uninstall: ## Remove what install put there
	@packaging/install --remove "$(DESTDIR)$(PREFIX)"

package: $(PROGRAM) $(TOOLS) $(PROGRAM_ARM64) $(TOOLS_ARM64) ## Make .deb, .rpm, archive for both architectures, PKGBUILD, OCI image, SBOMs, checksums: artifacts/packages
	@tests/with $(PACKAGING_LISTS) -- packaging/package artifacts/packages

package-check: package ## Check what package makes: lintian, shells, makepkg, podman, an installation with systemd, equal bytes from two builds (as root)
	@tests/with $(PACKAGING_LISTS) packaging/check/debian-packages.txt tests/debian-packages.txt -- packaging/check/run artifacts/packages

test-roots: package ## Try the packages in roots of Debian 11 to 13 and sid (SUITES), of rpm, with busybox only, with musl only (as root)
	@tests/with tests/roots/debian-packages.txt tests/debian-packages.txt -- tests/roots/run artifacts/packages

demo: ## Build, then show lookup, copy-up, whiteout and opaque directory on sample layers
	@tests/setup tests/debian-packages-demo.txt || [ "$$(id -u)" != 0 ]
	@$(MAKE) --no-print-directory $(PROGRAM)
	@tests/demo $(PROGRAM)

clean: ## Remove what was built
	rm -rf artifacts
	find . -type d \( -name bin -o -name obj -o -name TestResults \) -not -path './.git/*' -prune -exec rm -rf {} +
