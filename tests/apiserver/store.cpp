// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/store.hpp"

#include <array>
#include <ctime>
#include <fmt/core.h>
#include <random>
#include <ranges>

namespace plimsoll::test::apiserver {

namespace {

constexpr std::size_t kHistory = 4096;

Json withVersion(Json object, Version version) {
    object["metadata"]["resourceVersion"] = std::to_string(version);
    return object;
}

} // namespace

Key keyOf(const Request& request) {
    return {.plural = request.plural, .space = request.space, .name = request.name};
}

std::string timestamp(std::chrono::system_clock::time_point when) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(when);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), size};
}

std::string randomUid() {
    static std::mutex mutex;
    static std::mt19937_64 generator{std::random_device{}()};
    const std::scoped_lock lock(mutex);
    const std::uint64_t high = generator();
    const std::uint64_t low = generator();
    return fmt::format("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                       high & 0xfff, low >> 48 & 0xfff, low & 0xffffffffffff);
}

std::optional<Json> Store::get(const Key& key) const {
    const std::scoped_lock lock(mutex_);
    const auto found = objects_.find(key);
    return found == objects_.end() ? std::nullopt : std::optional(found->second);
}

Store::Listing Store::list(const std::string& plural) const {
    const std::scoped_lock lock(mutex_);
    Listing listing{.version = version_, .objects = {}};
    for (const auto& [key, object] : objects_)
        if (key.plural == plural)
            listing.objects.push_back(object);
    return listing;
}

std::optional<Store::Listing> Store::listAt(const std::string& plural, Version version) const {
    const std::scoped_lock lock(mutex_);
    if (version < oldest_)
        return std::nullopt;
    std::map<Key, Json> then = objects_;
    for (const Change& change : history_ | std::views::reverse) {
        if (change.version <= version)
            break;
        if (change.before.is_null())
            then.erase(change.key);
        else
            then[change.key] = change.before;
    }
    Listing listing{.version = version, .objects = {}};
    for (const auto& [key, object] : then)
        if (key.plural == plural)
            listing.objects.push_back(object);
    return listing;
}

Version Store::version() const {
    const std::scoped_lock lock(mutex_);
    return version_;
}

Version Store::oldest() const {
    const std::scoped_lock lock(mutex_);
    return oldest_;
}

std::optional<Json> Store::create(const Key& key, Json object) {
    const std::scoped_lock lock(mutex_);
    if (objects_.contains(key))
        return std::nullopt;
    Json& metadata = object["metadata"];
    metadata["name"] = key.name;
    if (!key.space.empty())
        metadata["namespace"] = key.space;
    if (!metadata.contains("uid"))
        metadata["uid"] = randomUid();
    if (!metadata.contains("creationTimestamp"))
        metadata["creationTimestamp"] = timestamp(std::chrono::system_clock::now());
    record(key, nullptr, std::move(object));
    return objects_.at(key);
}

std::optional<Outcome<Json>> Store::update(const Key& key, const Decide& change) {
    const std::scoped_lock lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end())
        return std::nullopt;
    const Json before = found->second;
    Outcome<Json> wanted = change(before);
    if (!wanted || *wanted == before)
        return wanted;
    const bool isRemoved = wanted->is_null();
    record(key, before, std::move(*wanted));
    return isRemoved ? before : objects_.at(key);
}

bool Store::remove(const Key& key) {
    return update(key, [](const Json&) -> Outcome<Json> { return nullptr; }).has_value();
}

void Store::removeAll(const std::string& plural) {
    for (const Json& object : list(plural).objects) {
        const Json& metadata = object.at("metadata");
        remove({.plural = plural,
                .space = metadata.value("namespace", ""),
                .name = metadata.value("name", "")});
    }
}

void Store::record(const Key& key, Json before, Json after) {
    ++version_;
    if (after.is_null()) {
        objects_.erase(key);
        // What has gone is seen once more, with the version of its removal.
        before = withVersion(std::move(before), version_);
    } else {
        after = withVersion(std::move(after), version_);
        objects_[key] = after;
    }
    history_.push_back({version_, key, std::move(before), std::move(after)});
    if (history_.size() > kHistory) {
        oldest_ = history_.front().version;
        history_.pop_front();
    }
    changed_.notify_all();
}

void Store::compact() {
    const std::scoped_lock lock(mutex_);
    history_.clear();
    oldest_ = version_;
}

std::optional<std::vector<Change>>
Store::changesAfter(Version version, std::chrono::steady_clock::time_point deadline) const {
    std::unique_lock lock(mutex_);
    const std::uint64_t wakes = wakes_;
    changed_.wait_until(lock, deadline, [&] { return version_ > version || wakes_ != wakes; });
    if (version < oldest_)
        return std::nullopt;
    std::vector<Change> changes;
    for (const Change& change : history_)
        if (change.version > version)
            changes.push_back(change);
    return changes;
}

void Store::wake() {
    const std::scoped_lock lock(mutex_);
    ++wakes_;
    changed_.notify_all();
}

} // namespace plimsoll::test::apiserver
