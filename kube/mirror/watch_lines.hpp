// SPDX-License-Identifier: Apache-2.0
// Cuts what comes in of a watch into lines: an event is a line, and pieces end anywhere. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

class WatchLines {
public:
    /// Gets each line that is not empty, without its end; none for one that is too large and is
    /// left out. False: nothing more is wanted.
    using Take = std::function<bool(std::optional<std::string_view> line)>;
    explicit WatchLines(Take take) : take_(std::move(take)) {}

    /// False: the taker wants nothing more.
    bool feed(std::string_view piece);

private:
    bool endLine();
    void keep(std::string_view text);

    Take take_;
    std::string line_;
    bool tooLarge_ = false;
};

} // namespace plimsoll::kube
