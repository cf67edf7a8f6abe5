// SPDX-License-Identifier: Apache-2.0
// A taint beside spec.unschedulable, for credentials that may set one (the node's own may not).
#pragma once

#include "daemon/model/error.hpp"

#include <string>
#include <string_view>

namespace plimsoll::kube {

struct TaintSetting {
    std::string key;
    std::string value;  ///< may be empty
    std::string effect; ///< NoSchedule, PreferNoSchedule or NoExecute
    friend bool operator==(const TaintSetting&, const TaintSetting&) = default;
};

/// "key=value:Effect" or "key:Effect", as kubectl writes it. An error says what would be right.
Result<TaintSetting> parseTaint(std::string_view text);

} // namespace plimsoll::kube
