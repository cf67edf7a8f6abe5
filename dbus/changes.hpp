// SPDX-License-Identifier: Apache-2.0
// What a tick changed in one object: what is shown is compared with what is, property by property.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::dbus {

/// Names of changed properties, in the order found. Keeps its capacity from tick to tick.
class Changes {
public:
    /// Takes over the new value. Allocates nothing when nothing is different.
    template <class Shown, class Now>
    void take(Shown& shown, const Now& now, const char* property) {
        if (shown == now)
            return;
        shown = now;
        add(property);
    }
    void add(const char* property) { names_.push_back(property); }
    void clear() { names_.clear(); }
    [[nodiscard]] bool empty() const { return names_.empty(); }
    [[nodiscard]] std::span<const char* const> names() const { return names_; }

private:
    std::vector<const char*> names_;
};

} // namespace plimsoll::dbus
