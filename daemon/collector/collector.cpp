// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/collector.hpp"

#include "cgroup/tree.hpp"
#include "daemon/collector/node_reader.hpp"
#include "daemon/collector/pod_reader.hpp"

#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

namespace plimsoll::collector {
namespace {

// The longest of the files is memory.stat with some 2 KiB; /proc/stat has a buffer of its own.
constexpr std::size_t kReadBuffer = std::size_t{16} * 1024;

// The engine holds the last snapshot, a publisher perhaps the one before, and one is being built.
// Whoever hoards snapshots gets fresh ones.
constexpr std::size_t kPooledSnapshots = 4;

} // namespace

struct Collector::Impl {
    explicit Impl(const Sources& sources)
        : node(sources.procRoot, sources.sysRoot), tree(sources.layout), buffer(kReadBuffer) {}

    std::shared_ptr<Snapshot> takeSnapshot();

    NodeReader node;
    cgroup::Tree tree;
    std::vector<PodReader> pods; ///< ordered as the tree's pods
    std::vector<char> buffer;
    std::vector<std::shared_ptr<Snapshot>> pool;
    std::uint64_t tick = 0;
    std::size_t unreadable = 0;
    int error = 0;
};

Collector::Collector(const Sources& sources) : impl_(std::make_unique<Impl>(sources)) {}
Collector::~Collector() = default;

std::shared_ptr<Snapshot> Collector::Impl::takeSnapshot() {
    for (const std::shared_ptr<Snapshot>& pooled : pool) {
        if (pooled.use_count() == 1) { // snapshots stay in this thread
            return pooled;
        }
    }
    auto fresh = std::make_shared<Snapshot>();
    if (pool.size() < kPooledSnapshots) {
        pool.push_back(fresh);
    }
    return fresh;
}

std::shared_ptr<const Snapshot> Collector::collect(MonotonicTime now,
                                                   std::shared_ptr<const CustomSamples> custom) {
    Impl& my = *impl_;
    if (my.tree.refresh()) {
        followNodes(my.pods, my.tree.pods());
    }
    std::shared_ptr<Snapshot> snapshot = my.takeSnapshot();
    snapshot->at = now;
    snapshot->tick = ++my.tick;
    snapshot->custom = std::move(custom);

    Pass pass{.now = now, .tick = my.tick, .buffer = my.buffer};
    my.node.read(pass, snapshot->node);
    std::size_t count = 0;
    snapshot->pods.resize(my.pods.size());
    for (PodReader& pod : my.pods) {
        count += pod.read(pass, snapshot->pods[count]) ? 1U : 0U;
    }
    snapshot->pods.resize(count);

    my.unreadable = pass.unreadable;
    my.error = pass.error;
    return snapshot;
}

std::optional<Error> Collector::trouble() const {
    if (impl_->unreadable == 0) {
        return std::nullopt;
    }
    std::string what = std::to_string(impl_->unreadable) +
                       " files of pods or /proc are unreadable (" + std::strerror(impl_->error) +
                       ")";
    if (impl_->error == EMFILE || impl_->error == ENFILE) {
        what += ": raise LimitNOFILE= of the service";
    }
    return Error{impl_->error, std::move(what)};
}

} // namespace plimsoll::collector
