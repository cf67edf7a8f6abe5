// SPDX-License-Identifier: Apache-2.0
// Takes the items out of a list of the API server as it comes in, so that it never stands in memory
// whole. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// Of one object as JSON. etcd takes no larger request than 1.5 MiB (--max-request-bytes).
inline constexpr std::size_t kLargestObject = std::size_t{1536} * 1024;

class ListSplitter {
public:
    /// Gets each item, once; none for one that is larger than kLargestObject and is left out.
    using Take = std::function<void(std::optional<std::string_view> item)>;
    explicit ListSplitter(Take take) : take_(std::move(take)) {}

    /// A piece of any size. False: this is no list, or there is too much around its items.
    bool feed(std::string_view piece);

    /// It has ended as a list does.
    [[nodiscard]] bool complete() const { return complete_; }
    /// The list without its items.
    [[nodiscard]] const std::string& shell() const { return shell_; }

private:
    bool takeStructure(char c);
    std::size_t takeString(std::string_view rest);
    [[nodiscard]] bool isBetweenItems() const { return inItems_ && depth_ == 2; }
    void endItem();
    bool keep(std::string_view text);

    Take take_;
    std::string shell_;
    std::string item_;
    std::string key_;        ///< of the list's own members, in quotes, while its value is read
    std::size_t wordAt_ = 0; ///< in shell_: where the last string of the list's own begins
    int depth_ = 0;          ///< of maps and lists
    bool inString_ = false;
    bool escaped_ = false;
    bool inItems_ = false;
    bool tooLarge_ = false; ///< the item that is read
    bool complete_ = false;
};

} // namespace plimsoll::kube
