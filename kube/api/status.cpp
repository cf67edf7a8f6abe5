// SPDX-License-Identifier: Apache-2.0
#include "kube/api/status.hpp"

#include "kube/api/bounded_json.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;
using std::chrono::seconds;

constexpr std::size_t kLongestText = 300;  // bytes; of what is shown to people
constexpr std::size_t kLongestReason = 64; // bytes; the server's longest is 27
constexpr std::size_t kMostCauses = 16;    // an invalid object has one for each field
constexpr std::size_t kLongestToken = std::size_t{16} * 1024;    // bytes; it goes into a URL
constexpr std::size_t kLargestStatus = std::size_t{1024} * 1024; // bytes; may quote a whole object
constexpr seconds kLongestRetryAfter{3600}; // who asks for more is asked again after this
constexpr std::string_view kCut = "…";

bool isContinuation(char c) {
    return (static_cast<std::uint8_t>(c) & 0xc0U) == 0x80;
}

bool isBlank(char c) {
    return static_cast<std::uint8_t>(c) <= 0x20 || c == 0x7f;
}

/// Of UTF-8: one line, at most `most` bytes, cut between two characters.
std::string shortened(std::string_view text, std::size_t most = kLongestText) {
    std::string line;
    for (const char c : text) {
        if (line.size() > most) {
            break;
        }
        if (!isBlank(c)) {
            line += c;
        } else if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    }
    if (line.size() > most) {
        auto end = most - kCut.size();
        while (end > 0 && isContinuation(line[end])) {
            --end;
        }
        return line.substr(0, end).append(kCut);
    }
    if (line.ends_with(' ')) {
        line.pop_back();
    }
    return line;
}

/// Of a body that is no Status. The server's own are ASCII; of anything else in there nobody knows
/// the encoding.
std::string plainText(std::string_view body) {
    std::string text(body.substr(0, 4 * kLongestText)); // blanks in it will go
    std::ranges::replace_if(text, [](char c) { return static_cast<std::uint8_t>(c) >= 0x80; }, '?');
    return shortened(text);
}

std::optional<seconds> bounded(std::optional<seconds> wait) {
    return !wait || *wait < seconds{0} ? std::nullopt
                                       : std::optional(std::min(*wait, kLongestRetryAfter));
}

std::optional<seconds> retryAfterOf(const Json& details) {
    const auto found = details.find("retryAfterSeconds");
    if (found == details.end() || !found->is_number_unsigned()) {
        return std::nullopt;
    }
    const auto most = static_cast<std::uint64_t>(kLongestRetryAfter.count());
    const auto count = std::min(found->get<std::uint64_t>(), most);
    return count == 0 ? std::nullopt : std::optional(seconds{count}); // 0 stands for none
}

std::vector<ApiStatus::Cause> causesOf(const Json& details) {
    std::vector<ApiStatus::Cause> causes;
    const auto found = details.find("causes");
    if (found == details.end() || !found->is_array()) {
        return causes;
    }
    for (const Json& cause : *found) {
        if (causes.size() == kMostCauses) {
            break;
        }
        causes.push_back({.reason = shortened(stringAt(cause, "reason"), kLongestReason),
                          .message = shortened(stringAt(cause, "message")),
                          .field = shortened(stringAt(cause, "field"))});
    }
    return causes;
}

int codeOf(const Json& json) {
    const auto found = json.find("code");
    if (found == json.end() || !found->is_number_unsigned()) {
        return 0;
    }
    const auto code = found->get<std::uint64_t>();
    return code >= 100 && code <= 599 ? static_cast<int>(code) : 0;
}

/// That of a request which took 60 s is sent without a kind, and as text/plain.
bool isStatus(const Json& json) {
    const auto kind = stringAt(json, "kind");
    return kind == "Status" || (kind.empty() && stringAt(json, "status") == "Failure");
}

/// None: the text is no Status.
std::optional<ApiStatus> statusOf(std::string_view text) {
    if (text.size() > kLargestStatus) {
        return std::nullopt;
    }
    const auto json = boundedJson(text);
    if (!json || !isStatus(*json)) {
        return std::nullopt;
    }
    const Json& details = objectAt(*json, "details");
    auto token = stringAt(objectAt(*json, "metadata"), "continue");
    if (token.size() > kLongestToken) {
        token.clear();
    }
    return ApiStatus{.code = codeOf(*json),
                     .reason = shortened(stringAt(*json, "reason"), kLongestReason),
                     .message = shortened(stringAt(*json, "message")),
                     .causes = causesOf(details),
                     .retryAfter = retryAfterOf(details),
                     .continueToken = std::move(token)};
}

} // namespace

bool ApiStatus::hasCause(std::string_view wanted) const {
    return std::ranges::any_of(causes, [&](const Cause& cause) { return cause.reason == wanted; });
}

std::string ApiStatus::text() const {
    std::string result = code == 0 ? std::string("no code") : std::to_string(code);
    if (!reason.empty()) {
        result.append(" ").append(reason);
    }
    return message.empty() ? result : result.append(": ").append(message);
}

ApiStatus readStatus(const http::Answer& answer) {
    auto status = statusOf(answer.body).value_or(ApiStatus{.message = plainText(answer.body)});
    if (status.reason.empty() && answer.status / 100 == 2) {
        status.message.clear(); // what was asked for, or "Success": no message
    }
    status.code = answer.status;
    if (const auto wait = bounded(answer.retryAfter)) {
        status.retryAfter = wait;
    }
    return status;
}

ApiStatus readStatus(std::string_view statusJson) {
    return statusOf(statusJson).value_or(ApiStatus{.message = plainText(statusJson)});
}

} // namespace plimsoll::kube
