// SPDX-License-Identifier: Apache-2.0
// The API: what requests read and change, without the connection they came over.
#pragma once

#include "tests/apiserver/store.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace plimsoll::test::apiserver {

class Cluster {
public:
    Store& store() { return store_; }
    [[nodiscard]] const Store& store() const { return store_; }

    /// Version 1.20: nodes may read everything, evictions are policy/v1beta1 only, no streaming
    /// lists.
    std::atomic<bool> isOld = false;
    /// What the kubelet and the garbage collector do: a pod whose grace has passed goes away.
    std::atomic<bool> removesPods = true;
    std::atomic<std::chrono::milliseconds> bookmarkEvery{std::chrono::seconds(60)};

    /// Anything but a watch.
    Reply answer(const Request& request);
    /// The refusal of a watch; nothing: it may start.
    [[nodiscard]] std::optional<Reply> refuseWatch(const Request& request) const;
    /// Without any check: how tests and the control port set the scene. Creates or replaces.
    /// Nothing: of a kind that this server does not know.
    std::optional<Json> apply(Json object);
    /// At once, whatever its grace; a CustomResourceDefinition goes with its objects.
    bool erase(const Key& key);
    void removePodsPastTheirGrace();

private:
    [[nodiscard]] std::optional<Reply> refuse(const Request& request) const;
    [[nodiscard]] Reply get(const Request& request) const;
    [[nodiscard]] Reply list(const Request& request) const;
    Reply create(const Request& request);
    Reply change(const Request& request);
    Reply remove(const Request& request);
    Reply evict(const Request& request);
    Outcome<Json> terminate(const Key& key, const Json& options, bool isDryRun);
    [[nodiscard]] std::optional<Reply> blockedByBudget(const Request& request, const Json& pod);

    Store store_;
    std::mutex mutex_;
    std::map<Key, std::chrono::steady_clock::time_point> ends_; ///< of the graces
};

/// Whether its CustomResourceDefinition is there.
bool isServed(const Kind& kind, const Store& store);
/// Whether these options are those of a list or watch that the server takes.
std::optional<Reply> invalidListOptions(const Request& request, bool isOld);
/// "0" and nothing: nothing.
Outcome<std::optional<Version>> versionOf(const Request& request);

/// The two that the API server does not tell apart by the object's own words.
std::optional<Reply> invalidEvent(const Request& request, const Json& event);
/// What is kept of a changed object: of the main resource metadata and spec, of /status the rest.
Outcome<Json> settled(const Request& request, const Json& before, Json after);

} // namespace plimsoll::test::apiserver
