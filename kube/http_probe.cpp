// SPDX-License-Identifier: Apache-2.0
// What a probe asks. All of it goes into a request as it stands, so nothing passes that could end
// a line of the request or begin another one.
#include "kube/decode.hpp"
#include "kube/names.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace plimsoll::kube {
namespace {

constexpr std::int64_t kLargestPort = 65535;
constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
constexpr std::size_t kMostHeaders = 32;
constexpr std::size_t kLongestHost = 253; // a DNS name

struct NamedPort {
    std::string_view name;
    std::uint16_t port;
};
/// The registry of IANA, where it is about HTTP. Not getservbyname(): /etc/services may be missing.
constexpr std::array<NamedPort, 4> kPorts{
    {{"http", 80}, {"www", 80}, {"https", 443}, {"http-alt", 8080}}};

/// "8080" in quotes is a number, too, as it is for kubelet.
std::optional<std::uint16_t> portOf(std::string_view text) {
    if (const auto* known = std::ranges::find(kPorts, text, &NamedPort::name);
        known != kPorts.end()) {
        return known->port;
    }
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && number > 0 ? std::optional(number) : std::nullopt;
}

std::uint16_t decodePort(const Field& field) {
    if (!field.present()) {
        field.error("is missing: a number from 1 to 65535, or http or https");
        return 0;
    }
    if (field.kind() != YamlNode::Kind::text) {
        return static_cast<std::uint16_t>(field.integer(1, kLargestPort).value_or(0));
    }
    const auto port = portOf(field.text().value_or(""));
    if (!port) {
        field.error("must be from 1 to 65535, or one of http, www, https and http-alt; the ports "
                    "that containers give names to are not looked up");
    }
    return port.value_or(0);
}

std::string decodeHost(const Field& field) {
    auto host = field.text().value_or("");
    const bool good = host.size() <= kLongestHost && std::ranges::all_of(host, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                 (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
                                 c == ':';
                      });
    if (!good) {
        field.error("must be a host name or an address, without a port and without brackets");
    }
    return host;
}

std::string decodePath(const Field& field) {
    auto path = field.text().value_or("");
    if (!std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~' && c != '#'; })) {
        field.error("must be the path of a URL: ASCII without spaces and '#'; write others as %20");
    }
    if (!path.starts_with('/')) {
        path.insert(path.begin(), '/');
    }
    return path;
}

bool decodeScheme(const Field& field) {
    const auto scheme = field.text();
    if (scheme && *scheme != "HTTP" && *scheme != "HTTPS") {
        field.error("must be HTTP or HTTPS");
    }
    return scheme == "HTTPS";
}

std::pair<std::string, std::string> decodeHeader(const Field& header) {
    if (!header.requiredMap("name and value")) {
        return {};
    }
    header.warnUnknown({"name", "value"});
    const Field nameField = header.at("name");
    const Field valueField = header.at("value");
    auto name = nameField.requiredText("the name of the header");
    if (name && !isHttpToken(*name)) {
        nameField.error("is not the name of a header: letters, digits and '-'");
    }
    if (!valueField.present()) {
        valueField.error("is missing");
    }
    auto value = valueField.text().value_or("");
    const auto isControl = [](char c) {
        return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f';
    };
    if (std::ranges::any_of(value, isControl)) {
        valueField.error("must be one line without control characters");
    }
    return {name.value_or(""), std::move(value)};
}

std::vector<std::pair<std::string, std::string>> decodeHeaders(const Field& field) {
    const auto items = field.items();
    if (items.size() > kMostHeaders) {
        field.error("more than 32 headers");
        return {};
    }
    std::vector<std::pair<std::string, std::string>> result;
    std::ranges::transform(items, std::back_inserter(result), decodeHeader);
    return result;
}

} // namespace

std::optional<HttpProbe> decodeHttpProbe(const Field& httpGet, const Field& timeoutSeconds) {
    const auto timeout = timeoutSeconds.integer(0, kLargest).value_or(0);
    if (!httpGet.present() || !httpGet.isMap()) {
        return std::nullopt;
    }
    httpGet.warnUnknown({"host", "port", "path", "scheme", "httpHeaders"});
    HttpProbe result;
    result.host = decodeHost(httpGet.at("host"));
    result.port = decodePort(httpGet.at("port"));
    result.path = decodePath(httpGet.at("path"));
    result.https = decodeScheme(httpGet.at("scheme"));
    result.headers = decodeHeaders(httpGet.at("httpHeaders"));
    if (timeout > 0) {
        result.timeout = std::chrono::seconds(timeout);
    }
    return result;
}

} // namespace plimsoll::kube
