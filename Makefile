# SPDX-License-Identifier: Apache-2.0
# The front door. Everything installs what it needs (Debian packages) and builds with Meson below build/.
MAKEFLAGS += --no-print-directory
JOBS ?= $(shell nproc)
DEPS = packaging/install-deps.sh
INSTALL_TREE = build/node/install

.PHONY: all demo test unit-test node-test bench conformance fuzz lint format clean install-tree

all: build/release/build.ninja
	ninja -C build/release -j$(JOBS)

build/release/build.ninja:
	@$(DEPS) build
	meson setup build/release --buildtype=debugoptimized -Dtests=false -Dtest_apiserver=true --prefix=/usr --sysconfdir=/etc >/dev/null

build/test/build.ninja:
	@$(DEPS) build
	meson setup build/test --buildtype=debug -Doptimization=1 -Db_sanitize=address,undefined -Db_lundef=false >/dev/null

# What a package would install, for the node.
install-tree: all
	rm -rf $(INSTALL_TREE)
	DESTDIR=$(CURDIR)/$(INSTALL_TREE) meson install -C build/release --no-rebuild --quiet

demo: install-tree
	@$(DEPS) build node
	@tests/node/demo $(INSTALL_TREE)

# Unit, integration and script tests under ASan and UBSan, then the short node lane.
test: build/test/build.ninja install-tree
	@$(DEPS) build node
	ninja -C build/test -j$(JOBS)
	tests/run build/test --node short --install-tree $(INSTALL_TREE)

unit-test: build/test/build.ninja
	ninja -C build/test -j$(JOBS)
	tests/run build/test

# The long node scenarios, and the build against sdbus-c++ 2.x on Debian 13.
node-test: build/test/build.ninja install-tree
	@$(DEPS) build node
	tests/node/run --lane long --install $(INSTALL_TREE)
	tests/integration/trixie_build.sh

bench: build/bench/build.ninja
	ninja -C build/bench -j$(JOBS) tests/bench/plimsoll-bench tests/bench/plimsoll-microbench
	tests/bench/run build/bench

build/bench/build.ninja:
	@$(DEPS) build
	meson setup build/bench --buildtype=debugoptimized -Dbench=true >/dev/null

# The cluster side against a real API server, with the kubeconfig of a throwaway node. CONFORMANCE is
# for further options: "--i-know", "--namespace NAME", "--patience SECONDS".
conformance: build/conformance/build.ninja
	@test -n "$(KUBECONFIG)" || { \
	    echo "usage: make conformance KUBECONFIG=FILE [ADMIN_KUBECONFIG=FILE] [CONFORMANCE=OPTIONS]"; exit 2; }
	ninja -C build/conformance -j$(JOBS) tests/conformance/plimsoll-conformance
	build/conformance/tests/conformance/plimsoll-conformance --kubeconfig "$(KUBECONFIG)" \
	    $(if $(ADMIN_KUBECONFIG),--admin-kubeconfig "$(ADMIN_KUBECONFIG)") \
	    --manifests kube/manifests --examples conf/examples $(CONFORMANCE)

build/conformance/build.ninja:
	@$(DEPS) build
	meson setup build/conformance --buildtype=debugoptimized >/dev/null

# Every parser for FUZZ_SECONDS each under libFuzzer, with ASan and UBSan.
FUZZ_SECONDS ?= 60
fuzz:
	@$(DEPS) build fuzz
	tests/fuzz/run $(FUZZ_SECONDS)

lint: build/test/build.ninja
	@$(DEPS) build lint
	tests/include_direction.py
	tests/lint build/test

format:
	@$(DEPS) lint
	git ls-files '*.cpp' '*.hpp' | xargs clang-format-19 -i

clean:
	rm -rf build
