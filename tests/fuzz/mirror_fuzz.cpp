// SPDX-License-Identifier: Apache-2.0
#include "kube/json_tree.hpp"
#include "kube/mirror/intake.hpp"
#include "kube/mirror/list_splitter.hpp"
#include "kube/mirror/mirror_text.hpp"
#include "kube/mirror/watch_lines.hpp"
#include "kube/policy_directory.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::fuzz {
namespace {

constexpr std::string_view kNode = "node-a";
constexpr std::array kKinds{kube::Kind::pod, kube::Kind::node, kube::Kind::nodeQos};

struct Split {
    std::vector<std::string> items;
    std::string shell;
    bool complete = false;
    friend bool operator==(const Split&, const Split&) = default;
};

Split split(std::string_view text, std::size_t pieceSize) {
    Split result;
    kube::ListSplitter splitter(
        [&result](std::optional<std::string_view> item) { result.items.emplace_back(*item); });
    bool fed = true;
    while (fed && !text.empty()) {
        fed = splitter.feed(text.substr(0, pieceSize));
        text.remove_prefix(std::min(pieceSize, text.size()));
    }
    result.shell = fed ? splitter.shell() : "";
    result.complete = fed && splitter.complete();
    return result;
}

std::vector<std::string> linesOf(std::string_view text, std::size_t pieceSize) {
    std::vector<std::string> result;
    kube::WatchLines lines([&result](std::optional<std::string_view> line) {
        result.emplace_back(*line);
        return true;
    });
    while (!text.empty()) {
        lines.feed(text.substr(0, pieceSize));
        text.remove_prefix(std::min(pieceSize, text.size()));
    }
    return result;
}

void checkIncoming(kube::Kind kind, const kube::IncomingObject& incoming) {
    require(!incoming.key.empty(), "an object has a key");
    require(!incoming.object.resourceVersion.empty(), "an object has a version");
    require(incoming.object.json.find('\n') == std::string::npos, "an object is one line");
    require(kube::parseJson(incoming.object.json).documents.size() == 1, "what is kept is JSON");
    require(kind != kube::Kind::node || !incoming.ours || incoming.key == kNode,
            "there is one node that is ours");
    PolicySet set;
    kube::decodeJson(incoming.object.json, set);
}

void checkItem(std::string_view item) {
    for (const kube::Kind kind : kKinds) {
        const auto incoming = kube::takeObject(kind, kNode, item);
        require(incoming || !incoming.error().what.empty(), "a refusal says why");
        if (incoming) {
            checkIncoming(kind, *incoming);
        }
    }
}

void checkLine(std::string_view line) {
    for (const kube::Kind kind : kKinds) {
        const auto event = kube::takeEvent(kind, kNode, line);
        require(event || !event.error().what.empty(), "a refusal says why");
        if (event && (event->type == kube::WatchEvent::Type::put ||
                      event->type == kube::WatchEvent::Type::removed)) {
            checkIncoming(kind, event->incoming);
        }
    }
}

void checkFile(std::string_view text) {
    const auto mirror = kube::readMirror(text, kNode);
    if (!mirror) {
        require(!mirror.error().what.empty(), "a refusal says why");
        return;
    }
    const auto again = kube::readMirror(kube::writeMirror(mirror->store, mirror->header), kNode);
    require(again.has_value(), "what was written can be read");
    for (const kube::Kind kind : kube::kKinds) {
        require(again->store.of(kind) == mirror->store.of(kind), "and is the same");
    }
}

} // namespace

void fuzzMirror(std::string_view text) {
    const Split whole = split(text, std::max<std::size_t>(text.size(), 1));
    // A list that turns out to be none was handed out as far as it came.
    require(split(text, 1) == whole && split(text, 7) == whole, "pieces make no difference");
    require(linesOf(text, 1) == linesOf(text, 4096), "pieces make no difference");
    std::ranges::for_each(whole.items, checkItem);
    std::ranges::for_each(linesOf(text, 4096), checkLine);
    if (whole.complete) {
        static_cast<void>(kube::takeListEnd(kube::Kind::pod, whole.shell));
    }
    const kube::YamlText tree = kube::parseJson(text);
    require(tree.documents.empty() == tree.problem.has_value(), "JSON is read or refused");
    checkFile(text);
}

} // namespace plimsoll::fuzz
