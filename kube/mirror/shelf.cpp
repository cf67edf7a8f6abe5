// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/shelf.hpp"

#include <algorithm>
#include <utility>

namespace plimsoll::kube {
namespace {

using Objects = ObjectStore::Objects;

std::size_t bytesOf(const Objects& objects) {
    std::size_t bytes = 0;
    for (const auto& [key, object] : objects) {
        bytes += key.size() + object.json.size();
    }
    return bytes;
}

bool hasRoom(const Objects& objects, const IncomingObject& incoming) {
    const auto old = objects.find(incoming.key);
    const bool isNew = old == objects.end();
    const std::size_t freed = isNew ? 0 : old->second.json.size();
    return (!isNew || objects.size() < kMostStored) &&
           bytesOf(objects) - freed + incoming.object.json.size() <= kMostStoredBytes;
}

bool sameContent(const Objects::value_type& a, const Objects::value_type& b) {
    return a.first == b.first && a.second.json == b.second.json;
}

} // namespace

bool Shelf::put(IncomingObject incoming) {
    if (!incoming.ours) {
        remove(incoming.key);
        return true;
    }
    if (!hasRoom(objects_, incoming)) {
        return false;
    }
    StoredObject& object = objects_[std::move(incoming.key)];
    changed_ = changed_ || object.json != incoming.object.json;
    object = std::move(incoming.object);
    return true;
}

void Shelf::remove(const std::string& key) {
    changed_ = objects_.erase(key) > 0 || changed_;
}

bool Shelf::putAside(IncomingObject incoming) {
    if (!incoming.ours) {
        listed_.erase(incoming.key);
        return true;
    }
    if (!hasRoom(listed_, incoming)) {
        return false;
    }
    listed_.insert_or_assign(std::move(incoming.key), std::move(incoming.object));
    return true;
}

void Shelf::adoptList() {
    changed_ = changed_ || !std::ranges::equal(objects_, listed_, sameContent);
    objects_ = std::exchange(listed_, {});
}

bool Shelf::takeChanged() {
    return std::exchange(changed_, false);
}

} // namespace plimsoll::kube
