// SPDX-License-Identifier: Apache-2.0
#include "kube/http/sentences.hpp"

namespace plimsoll::kube::http {
namespace {

/// "2 s", "250 ms".
std::string shown(std::chrono::milliseconds duration) {
    const auto milliseconds = duration.count();
    return milliseconds % 1000 == 0 ? std::to_string(milliseconds / 1000) + " s"
                                    : std::to_string(milliseconds) + " ms";
}

} // namespace

std::string_view name(Method method) {
    switch (method) {
    case Method::get: return "GET";
    case Method::post: return "POST";
    case Method::patch: return "PATCH";
    case Method::put: return "PUT";
    case Method::remove: return "DELETE";
    }
    return "GET";
}

std::string shownUrl(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const auto host = url.find("://");
    if (host == std::string_view::npos) {
        return std::string(url);
    }
    const auto begin = host + 3;
    const auto authority = url.substr(begin, url.find('/', begin) - begin);
    const auto user = authority.rfind('@');
    if (user == std::string_view::npos) {
        return std::string(url);
    }
    return std::string(url.substr(0, begin)).append(url.substr(begin + user + 1));
}

std::unexpected<Error> failed(const Request& request, std::string_view reason, int code) {
    return fail(code, std::string(name(request.method)) + " " + shownUrl(request.url) + ": " +
                          std::string(reason));
}

std::string timedOut(const Request& request) {
    return "timed out after " + shown(request.timeout);
}

std::string notConnectedWithin(std::chrono::milliseconds duration) {
    return "cannot connect within " + shown(duration);
}

std::string tooLarge(const Request& request) {
    constexpr std::size_t kKibibyte = 1024;
    constexpr std::size_t kMebibyte = kKibibyte * 1024;
    const auto bytes = request.largestBody;
    if (bytes >= kMebibyte && bytes % kMebibyte == 0) {
        return "more than " + std::to_string(bytes / kMebibyte) + " MiB";
    }
    if (bytes >= kKibibyte && bytes % kKibibyte == 0) {
        return "more than " + std::to_string(bytes / kKibibyte) + " KiB";
    }
    return "more than " + std::to_string(bytes) + " bytes";
}

std::string answered(int status) {
    auto text = "answered " + std::to_string(status);
    return status / 100 == 3 ? text + ", and redirects are not followed" : text;
}

} // namespace plimsoll::kube::http
