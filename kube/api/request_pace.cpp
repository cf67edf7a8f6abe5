// SPDX-License-Identifier: Apache-2.0
#include "kube/api/request_pace.hpp"

#include <algorithm>

namespace plimsoll::kube {

RequestPace::RequestPace(unsigned perSecond, unsigned burst)
    : each_(Time::duration(std::chrono::seconds{1}) / perSecond), slack_(each_ * (burst - 1)) {}

bool RequestPace::take(Time now) {
    if (now < next()) {
        return false;
    }
    spent_ = std::max(spent_, now) + each_;
    return true;
}

} // namespace plimsoll::kube
