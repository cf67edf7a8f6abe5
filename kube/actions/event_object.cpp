// SPDX-License-Identifier: Apache-2.0
#include "kube/actions/event_object.hpp"

#include "kube/actions/json_text.hpp"
#include "kube/actions/text.hpp"
#include "kube/api/paths.hpp"

#include <algorithm>
#include <cstddef>
#include <fmt/format.h>
#include <string_view>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

constexpr const char* kComponent = "plimsolld";
constexpr std::size_t kLongestMessage = 1024; // bytes; events.k8s.io/v1, which shows them, has it
constexpr std::size_t kLongestReason = 128;   // bytes, as there
constexpr std::size_t kLongestName = 253;     // of an object
constexpr std::size_t kNumberDigits = 16;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

/// Part of a name, as far as it stands before a digit.
bool isNamePart(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || isDigit(c) || c == '-' || c == '_' ||
           c == '/' || c == '.' || c == ':';
}

/// Runs of digits that begin a word, with their fraction, become '#'.
std::string withoutNumbers(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool begins = isDigit(text[at]) && (at == 0 || !isNamePart(text[at - 1]));
        if (!begins) {
            result += text[at];
            continue;
        }
        const auto end = std::min(text.find_first_not_of("0123456789.,", at), text.size());
        const auto number = text.substr(at, end - at);
        const bool isAddress = std::ranges::count(number, '.') > 1;
        result += isAddress ? std::string(number) : "#";
        at = end - 1;
    }
    return result;
}

bool isAboutPod(const EventNote& note) {
    return !note.podName.empty();
}

/// Events about objects without a namespace are taken in this one only (measured).
std::string namespaceOf(const EventNote& note) {
    return isAboutPod(note) ? note.namespaceName : "default";
}

/// "kubectl describe node" looks for Events with the Node's uid and for such with its name as the
/// uid, as kubelets have it; those with none it does not show.
Json involvedObject(const EventNote& note, const std::string& nodeName) {
    if (!isAboutPod(note)) {
        return {{"apiVersion", "v1"}, {"kind", "Node"}, {"name", nodeName}, {"uid", nodeName}};
    }
    return {{"apiVersion", "v1"},
            {"kind", "Pod"},
            {"namespace", note.namespaceName},
            {"name", note.podName},
            {"uid", note.podUid}};
}

} // namespace

EventNote bounded(EventNote note) {
    note.reason = shortened(note.reason, kLongestReason);
    note.message = shortened(note.message, kLongestMessage);
    return note;
}

std::string seriesKey(const EventNote& note) {
    const char separator = '\n';
    return note.namespaceName + separator + note.podName + separator + note.podUid + separator +
           (note.warning ? "W" : "N") + note.reason + separator + withoutNumbers(note.message);
}

std::string eventName(const EventNote& note, const std::string& nodeName, std::uint64_t number) {
    std::string object = isAboutPod(note) ? note.podName : nodeName;
    object.resize(std::min(object.size(), kLongestName - kNumberDigits - 1));
    while (object.ends_with('.') || object.ends_with('-')) { // cut off at a bad place
        object.pop_back();
    }
    return fmt::format("{}.{:016x}", object, number);
}

Result<ApiRequest> createEvent(const EventSeries& series, const std::string& nodeName) {
    auto path = path::events(namespaceOf(series.note));
    if (!path) {
        return std::unexpected(path.error());
    }
    const EventNote& note = series.note;
    const Json event{{"apiVersion", "v1"},
                     {"kind", "Event"},
                     {"metadata", {{"name", series.name}, {"namespace", namespaceOf(note)}}},
                     {"involvedObject", involvedObject(note, nodeName)},
                     {"reason", note.reason},
                     {"message", note.message},
                     {"type", note.warning ? "Warning" : "Normal"},
                     {"source", {{"component", kComponent}, {"host", nodeName}}},
                     {"reportingComponent", kComponent},
                     {"reportingInstance", nodeName},
                     {"firstTimestamp", formatTimestamp(series.first)},
                     {"lastTimestamp", formatTimestamp(series.last)},
                     {"count", series.count}};
    return ApiRequest{.method = http::Method::post,
                      .path = *std::move(path),
                      .contentType = "application/json",
                      .body = jsonText(event)};
}

Result<ApiRequest> repeatEvent(const EventSeries& series) {
    auto path = path::event(namespaceOf(series.note), series.name);
    if (!path) {
        return std::unexpected(path.error());
    }
    const Json patch{{"count", series.count},
                     {"lastTimestamp", formatTimestamp(series.last)},
                     {"message", series.note.message}};
    return ApiRequest{.method = http::Method::patch,
                      .path = *std::move(path),
                      .contentType = "application/strategic-merge-patch+json",
                      .body = jsonText(patch)};
}

} // namespace plimsoll::kube
