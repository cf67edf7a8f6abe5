// SPDX-License-Identifier: Apache-2.0
// The stored objects of one kind, bounded, and whether they have changed. Pure.
#pragma once

#include "kube/mirror/intake.hpp"

#include <cstddef>
#include <string>

namespace plimsoll::kube {

/// Of one kind. A node runs up to some hundred pods, of about 1 KiB each when they are cut down.
inline constexpr std::size_t kMostStored = 2'000;
inline constexpr std::size_t kMostStoredBytes = std::size_t{8} * 1024 * 1024;

class Shelf {
public:
    explicit Shelf(ObjectStore::Objects& objects) : objects_(objects) {}

    /// False: there is no room for it. One that is not ours takes the place of none, and away the
    /// one of that name.
    bool put(IncomingObject incoming);
    void remove(const std::string& key);

    /// What a list brings is put aside until the list is complete, and is everything then.
    void beginList() { listed_.clear(); }
    bool putAside(IncomingObject incoming);
    void removeAside(const std::string& key) { listed_.erase(key); }
    void adoptList();

    [[nodiscard]] bool empty() const { return objects_.empty(); }
    /// Since the last time; a resourceVersion alone is no change.
    bool takeChanged();

private:
    ObjectStore::Objects& objects_;
    ObjectStore::Objects listed_;
    bool changed_ = false;
};

} // namespace plimsoll::kube
