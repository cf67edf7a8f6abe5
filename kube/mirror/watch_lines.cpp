// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/watch_lines.hpp"

#include "kube/mirror/list_splitter.hpp"

namespace plimsoll::kube {
namespace {

/// An object and what stands around it: `{"type":"MODIFIED","object":…}`.
constexpr std::size_t kLargestLine = kLargestObject + 1024;

} // namespace

bool WatchLines::feed(std::string_view piece) {
    while (!piece.empty()) {
        const std::size_t end = piece.find('\n');
        keep(piece.substr(0, end));
        if (end == std::string_view::npos) {
            return true;
        }
        if (!endLine()) {
            return false;
        }
        piece.remove_prefix(end + 1);
    }
    return true;
}

bool WatchLines::endLine() {
    const bool wanted = tooLarge_ ? take_(std::nullopt) : line_.empty() || take_(line_);
    tooLarge_ = false;
    line_ = std::string(); // gives the memory of a large one back
    return wanted;
}

void WatchLines::keep(std::string_view text) {
    tooLarge_ = tooLarge_ || line_.size() + text.size() > kLargestLine;
    if (tooLarge_) {
        line_ = std::string();
    } else {
        line_ += text;
    }
}

} // namespace plimsoll::kube
