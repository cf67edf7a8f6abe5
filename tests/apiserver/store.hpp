// SPDX-License-Identifier: Apache-2.0
// The objects and their history under one resource version, as etcd has them.
#pragma once

#include "tests/apiserver/request.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::test::apiserver {

using Version = std::uint64_t;

struct Key {
    std::string plural;
    std::string space;
    std::string name;
    friend auto operator<=>(const Key&, const Key&) = default;
};

struct Change {
    Version version;
    Key key;
    Json before; ///< null: it did not exist
    Json after;  ///< null: it was removed
};

class Store {
public:
    struct Listing {
        Version version;
        std::vector<Json> objects; ///< by namespace and name
    };

    [[nodiscard]] std::optional<Json> get(const Key& key) const;
    [[nodiscard]] Listing list(const std::string& plural) const;
    /// As it was at an older version; nothing: too old.
    [[nodiscard]] std::optional<Listing> listAt(const std::string& plural, Version version) const;
    [[nodiscard]] Version version() const;
    [[nodiscard]] Version oldest() const;

    /// Gives it uid, resourceVersion and creationTimestamp. Nothing: it exists.
    std::optional<Json> create(const Key& key, Json object);
    /// `change` gets the object and says what it shall become; null removes it. What has not
    /// changed keeps its version. The object, or what `change` refused with; nothing: not there.
    using Decide = std::function<Outcome<Json>(const Json& current)>;
    std::optional<Outcome<Json>> update(const Key& key, const Decide& change);
    bool remove(const Key& key);
    void removeAll(const std::string& plural);

    /// Older versions can no longer be watched from. The history is bounded anyway.
    void compact();
    /// What follows a version, oldest first; waits until there is something, but no longer than
    /// until `deadline`. Nothing: the version is too old.
    [[nodiscard]] std::optional<std::vector<Change>>
    changesAfter(Version version, std::chrono::steady_clock::time_point deadline) const;
    /// Ends the waits of now.
    void wake();

private:
    void record(const Key& key, Json before, Json after);

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::map<Key, Json> objects_;
    std::deque<Change> history_;
    Version version_ = 100;
    Version oldest_ = 100; ///< the first from which everything is known
    std::uint64_t wakes_ = 0;
};

Key keyOf(const Request& request);
/// "2026-11-22T04:18:35Z"
std::string timestamp(std::chrono::system_clock::time_point when);
std::string randomUid();

} // namespace plimsoll::test::apiserver
