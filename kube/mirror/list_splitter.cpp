// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/list_splitter.hpp"

#include "kube/yaml_tree.hpp"

#include <algorithm>

namespace plimsoll::kube {
namespace {

/// metadata of a list: a version and a token of some hundred bytes.
constexpr std::size_t kLargestShell = std::size_t{64} * 1024;
/// An item as deep as it may be, in "items" of the list.
constexpr int kDeepest = static_cast<int>(kMaxDepth) + 2;

bool isSpace(char c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

} // namespace

bool ListSplitter::feed(std::string_view piece) {
    while (!piece.empty()) {
        std::size_t taken = 1;
        if (inString_) {
            taken = takeString(piece);
            if (!keep(piece.substr(0, taken))) {
                return false;
            }
        } else if (!takeStructure(piece.front())) {
            return false;
        }
        piece.remove_prefix(taken);
    }
    return true;
}

/// How much of `rest` belongs to the string that is open.
std::size_t ListSplitter::takeString(std::string_view rest) {
    if (escaped_) {
        escaped_ = false;
        return 1;
    }
    const std::size_t end = rest.find_first_of("\"\\");
    if (end == std::string_view::npos) {
        return rest.size();
    }
    escaped_ = rest[end] == '\\';
    inString_ = escaped_;
    return end + 1;
}

bool ListSplitter::takeStructure(char c) {
    if (depth_ == 0 && (complete_ || c != '{')) {
        return isSpace(c);
    }
    if (isBetweenItems() && (c == ',' || isSpace(c))) {
        endItem();
        return true;
    }
    if (isBetweenItems() && c == ']') {
        endItem();
        inItems_ = false;
    }
    const bool own = !inItems_ && depth_ == 1;
    switch (c) {
    case '"':
        inString_ = true;
        wordAt_ = own ? shell_.size() : wordAt_;
        break;
    case ':': key_ = own ? shell_.substr(wordAt_) : key_; break;
    case ',': key_ = own ? std::string() : key_; break;
    case '{':
    case '[': ++depth_; break;
    case '}':
    case ']': --depth_; break;
    default: break;
    }
    if (depth_ > kDeepest || (inItems_ && depth_ < 2) || !keep(std::string_view(&c, 1))) {
        return false;
    }
    if (isBetweenItems() && (c == '}' || c == ']')) {
        endItem();
    }
    inItems_ = inItems_ || (own && c == '[' && key_ == "\"items\"");
    complete_ = depth_ == 0;
    return true;
}

void ListSplitter::endItem() {
    if (tooLarge_) {
        take_(std::nullopt);
    } else if (!item_.empty()) {
        take_(item_);
    }
    tooLarge_ = false;
    item_.clear();
}

bool ListSplitter::keep(std::string_view text) {
    if (!inItems_) {
        shell_ += text;
        return shell_.size() <= kLargestShell;
    }
    tooLarge_ = tooLarge_ || item_.size() + text.size() > kLargestObject;
    if (tooLarge_) {
        item_ = std::string();
    } else {
        item_ += text;
    }
    return true;
}

} // namespace plimsoll::kube
