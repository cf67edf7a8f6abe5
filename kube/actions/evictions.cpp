// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/evictions.hpp"

#include "kube/actions/eviction_request.hpp"

#include <cstdint>
#include <map>
#include <utility>

namespace plimsoll::kube {

struct Evictions::Impl : std::enable_shared_from_this<Impl> {
    /// One order under way.
    struct Pending {
        EvictionOrder order;
        Done done;
        PolicyVersion version = PolicyVersion::v1;
        bool bothTried = false;
        http::Call call;
    };

    explicit Impl(Api& usedApi) : api(usedApi) {}

    void add(const EvictionOrder& order, Done done);
    void send(std::uint64_t id);
    void take(std::uint64_t id, const Result<http::Answer>& answer);
    void finish(std::uint64_t id, EvictionAnswer answer);

    Api& api;
    PolicyVersion version = PolicyVersion::v1; ///< the one that the server took last
    std::uint64_t lastId = 0;
    std::map<std::uint64_t, Pending> pending;
};

void Evictions::Impl::add(const EvictionOrder& order, Done done) {
    const auto id = ++lastId;
    pending.emplace(id, Pending{.order = order, .done = std::move(done), .version = version});
    send(id);
}

void Evictions::Impl::send(std::uint64_t id) {
    auto& one = pending.at(id);
    auto request = evictionRequest(one.order, one.version);
    if (!request) {
        finish(id, {.kind = EvictionAnswer::Kind::refused,
                    .text = std::move(request).error().what,
                    .retryAfter = std::nullopt});
        return;
    }
    one.call = api.send(*std::move(request),
                        [weak = weak_from_this(), id](const Result<http::Answer>& answer) {
                            if (const auto self = weak.lock()) {
                                self->take(id, answer);
                            }
                        });
}

void Evictions::Impl::take(std::uint64_t id, const Result<http::Answer>& answer) {
    auto& one = pending.at(id);
    if (!answer) {
        finish(id, {.kind = EvictionAnswer::Kind::unknown,
                    .text = "pod " + one.order.namespaceName + "/" + one.order.name +
                            " may be evicted or not: " + answer.error().what,
                    .retryAfter = std::nullopt});
        return;
    }
    const ApiStatus status = readStatus(*answer);
    if (lacksVersion(status, one.version) && !one.bothTried) {
        one.bothTried = true;
        one.version = one.version == PolicyVersion::v1 ? PolicyVersion::v1beta1 : PolicyVersion::v1;
        send(id);
        return;
    }
    if (!lacksVersion(status, one.version)) {
        version = one.version;
    }
    finish(id, readEviction(one.order, status));
}

void Evictions::Impl::finish(std::uint64_t id, EvictionAnswer answer) {
    const auto node = pending.extract(id);
    node.mapped().done(std::move(answer));
}

Evictions::Evictions(Api& api) : impl_(std::make_shared<Impl>(api)) {}

Evictions::~Evictions() = default;

void Evictions::evict(const EvictionOrder& order, Done done) {
    impl_->add(order, std::move(done));
}

} // namespace plimsoll::kube
