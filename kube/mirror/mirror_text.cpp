// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/mirror_text.hpp"

#include "kube/api/bounded_json.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <openssl/sha.h>
#include <optional>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

constexpr const char* kFormat = "plimsoll-mirror";
constexpr std::int64_t kVersion = 1;

std::string checksumOf(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::string result;
    for (const unsigned char byte : digest) {
        result += kHex[byte >> 4U];
        result += kHex[byte & 15U];
    }
    return result;
}

std::optional<Kind> kindOf(std::string_view word) {
    const auto* found = std::ranges::find(kKinds, word, [](Kind kind) { return name(kind); });
    return found == kKinds.end() ? std::nullopt : std::optional(*found);
}

/// None where it is no whole number.
std::optional<std::int64_t> numberAt(const Json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number_integer()
               ? std::optional(found->get<std::int64_t>())
               : std::nullopt;
}

std::string lineOf(Kind kind, const std::string& key, const StoredObject& object) {
    const Json about{{"key", key},
                     {"kind", std::string(name(kind))},
                     {"resourceVersion", object.resourceVersion}};
    std::string line = about.dump();
    line.pop_back(); // '}': the object is JSON already
    return line + ",\"object\":" + object.json + "}\n";
}

bool takeLine(std::string_view line, ObjectStore& into) {
    const auto entry = boundedJson(line);
    if (!entry || !entry->is_object() || !entry->contains("object")) {
        return false;
    }
    const auto kind = kindOf(stringAt(*entry, "kind"));
    std::string key = stringAt(*entry, "key");
    if (!kind || key.empty()) {
        return false;
    }
    StoredObject object{.resourceVersion = stringAt(*entry, "resourceVersion"),
                        .json = entry->at("object").dump()};
    return into.of(*kind).emplace(std::move(key), std::move(object)).second;
}

/// None: one of the lines is none of ours.
std::optional<std::int64_t> takeLines(std::string_view body, ObjectStore& into) {
    std::int64_t count = 0;
    while (!body.empty()) {
        const std::size_t end = body.find('\n');
        if (end == std::string_view::npos || !takeLine(body.substr(0, end), into)) {
            return std::nullopt;
        }
        body.remove_prefix(end + 1);
        ++count;
    }
    return count;
}

} // namespace

std::string writeMirror(const ObjectStore& store, const MirrorHeader& header) {
    std::string body;
    std::size_t count = 0;
    for (const Kind kind : kKinds) {
        for (const auto& [key, object] : store.of(kind)) {
            body += lineOf(kind, key, object);
            ++count;
        }
    }
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(header.savedAt.time_since_epoch());
    const Json first{{"format", kFormat},          {"version", kVersion},
                     {"savedAt", seconds.count()}, {"node", header.nodeName},
                     {"server", header.server},    {"objects", count},
                     {"sha256", checksumOf(body)}};
    return first.dump() + "\n" + body;
}

Result<SavedMirror> readMirror(std::string_view text, std::string_view nodeName) {
    const std::size_t end = text.find('\n');
    const auto first = boundedJson(text.substr(0, end));
    if (end == std::string_view::npos || !first || stringAt(*first, "format") != kFormat) {
        return fail(EBADMSG, "is no mirror");
    }
    if (numberAt(*first, "version") != kVersion) {
        return fail(EBADMSG, "is of another version of plimsolld");
    }
    SavedMirror result{
        .header = {.nodeName = stringAt(*first, "node"), .server = stringAt(*first, "server")}};
    if (!nodeName.empty() && result.header.nodeName != nodeName) {
        return fail(EBADMSG, "belongs to the node '" + result.header.nodeName + "', not to '" +
                                 std::string(nodeName) + "'");
    }
    const std::string_view body = text.substr(end + 1);
    const auto savedAt = numberAt(*first, "savedAt");
    if (!savedAt || stringAt(*first, "sha256") != checksumOf(body) ||
        takeLines(body, result.store) != numberAt(*first, "objects")) {
        return fail(EBADMSG, "is damaged");
    }
    result.header.savedAt = std::chrono::system_clock::time_point(std::chrono::seconds(*savedAt));
    return result;
}

} // namespace plimsoll::kube
