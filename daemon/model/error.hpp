// SPDX-License-Identifier: Apache-2.0
// What went wrong, where, and the kernel's own number for it.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll {

struct Error {
    int code = 0; ///< errno, 0 where the kernel was not involved
    std::string what;

    /// Puts the caller's context in front: "reading /x/cpu.max: No such device".
    [[nodiscard]] Error with(std::string_view context) && {
        what = std::string(context) + ": " + what;
        return std::move(*this);
    }
    /// The cgroup is not there any more: ENOENT from open, ENODEV from a kept-open file.
    /// That is an ordinary event on a node, not a fault.
    [[nodiscard]] bool gone() const { return code == ENOENT || code == ENODEV; }
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(int code, std::string what) {
    return std::unexpected(Error{code, std::move(what)});
}

} // namespace plimsoll
