// SPDX-License-Identifier: Apache-2.0
#include "dbus/shown_limit.hpp"

namespace plimsoll::dbus {

namespace {

std::string textOf(const std::optional<Limit>& limit) {
    return limit ? formatLimit(*limit) : std::string();
}

} // namespace

void ShownLimit::update(const HeldPod* held, const std::optional<Limit>& reading,
                        std::uint64_t tick, Changes& changes) {
    if (held != nullptr)
        released_ = Released{tick, held->applied, held->baseline};
    else if (released_ && held_)
        released_->tick = tick;
    else if (released_ && released_->tick != tick)
        released_.reset();
    held_ = held != nullptr;
    changes.take(baseline_, held_ ? std::optional(held->baseline) : std::nullopt,
                 baselineProperty_);
    changes.take(limit_, limitNow(held, reading), limitProperty_);
}

std::optional<Limit> ShownLimit::limitNow(const HeldPod* held,
                                          const std::optional<Limit>& reading) const {
    if (held != nullptr)
        return held->applied;
    if (reading && released_ && *reading == released_->applied)
        return released_->baseline;
    return reading;
}

std::string ShownLimit::limit() const {
    return textOf(limit_);
}

std::string ShownLimit::baseline() const {
    return textOf(baseline_);
}

} // namespace plimsoll::dbus
