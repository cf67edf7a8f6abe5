// SPDX-License-Identifier: Apache-2.0
// Which fields of an object are kept, as a tree; and JSON text → only those of them.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/mirror/object_store.hpp"

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

struct KeptField;

/// Of a list it is meant of each of its items.
struct KeptFields {
    enum class Which : std::uint8_t {
        all,
        none,
        these,  ///< `named`, and what is kept of each
        others, ///< all but `named`, and of those what they say
    };
    Which which = Which::all;
    std::vector<KeptField> named;

    /// Null: the member is left out.
    [[nodiscard]] const KeptFields* below(std::string_view member) const;
};

struct KeptField {
    std::string_view name;
    KeptFields below;
};

/// What the decoders and actions read of an object of this kind. Adding a field that they read
/// means adding it here.
const KeptFields& keptFields(Kind kind);

/// Bounded in depth and number as parseJson() is; what is left out costs no memory.
Result<nlohmann::json> readKept(std::string_view text, const KeptFields& kept);

} // namespace plimsoll::kube
