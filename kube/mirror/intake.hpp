// SPDX-License-Identifier: Apache-2.0
// From what the API server sends to what is stored: one object, cut down, if it is ours. Pure.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/mirror/object_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

struct IncomingObject {
    std::string key; ///< in the store
    StoredObject object;
    /// A Pod that is bound to this node, this Node, any policy. Others are never stored.
    bool ours = false;
};

/// Of an item of a list, which need not say what it is; it must be no other kind, though.
Result<IncomingObject> takeObject(Kind kind, std::string_view nodeName, std::string_view json);

struct WatchEvent {
    enum class Type : std::uint8_t {
        put, ///< ADDED or MODIFIED
        removed,
        bookmark,
        error,
    };
    Type type = Type::put;
    IncomingObject incoming; ///< put, removed
    std::string version;     ///< bookmark
    bool initialEnd = false; ///< bookmark: everything that was there has been sent
    std::string status;      ///< error: a metav1.Status as JSON
};

/// A line of a watch.
Result<WatchEvent> takeEvent(Kind kind, std::string_view nodeName, std::string_view line);

/// What a list says of itself; its items are left out.
struct ListEnd {
    std::string version;
    std::string continueToken; ///< empty: this was the last page
};
Result<ListEnd> takeListEnd(Kind kind, std::string_view shell);

} // namespace plimsoll::kube
