// SPDX-License-Identifier: Apache-2.0
// Lists: pages, versions, and the shapes of built-in and custom kinds.
#include "tests/apiserver/cluster.hpp"
#include "tests/apiserver/selectors.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <openssl/evp.h>

namespace plimsoll::test::apiserver {

namespace {

/// Where a list goes on: the version it shows (-1: any, the rest is inconsistent) and the last key.
struct Continue {
    long version;
    std::string start;
};

std::string encoded(const Continue& where) {
    const std::string text =
        Json{{"v", "meta.k8s.io/v1"}, {"rv", where.version}, {"start", where.start}}.dump();
    std::string token(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int size =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(token.data()),
                        reinterpret_cast<const unsigned char*>(text.data()), int(text.size()));
    token.resize(std::size_t(size));
    std::ranges::replace(token, '+', '-');
    std::ranges::replace(token, '/', '_');
    token.erase(std::min(token.find('='), token.size()));
    return token;
}

std::optional<Continue> decoded(std::string token) {
    std::ranges::replace(token, '-', '+');
    std::ranges::replace(token, '_', '/');
    const std::size_t padding = (4 - token.size() % 4) % 4;
    token.append(padding, '=');
    std::string text(token.size(), '\0');
    const int size =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                        reinterpret_cast<const unsigned char*>(token.data()), int(token.size()));
    if (size < 0 || std::size_t(size) < padding)
        return std::nullopt;
    text.resize(std::size_t(size) - padding);
    const Json where = Json::parse(text, nullptr, false);
    if (!where.is_object() || !where.contains("rv") || !where["rv"].is_number_integer())
        return std::nullopt;
    return Continue{.version = where["rv"], .start = where.value("start", "")};
}

std::string sortKey(const Json& object) {
    const Json& metadata = object.at("metadata");
    return metadata.value("namespace", "") + "/" + metadata.value("name", "");
}

Reply expired(const std::string& message, const std::string& token) {
    Reply reply = failure(410, "Expired", message);
    if (token.empty())
        return reply;
    Json body = Json::parse(reply.body);
    body["metadata"]["continue"] = token;
    reply.body = body.dump();
    return reply;
}

Reply continueExpired(const Continue& where) {
    return expired(
        "The provided continue parameter is too old to display a consistent list result. You can "
        "start a new list without the continue parameter, or use the continue token in this "
        "response to retrieve the remainder of the results. Continuing with the provided token "
        "results in an inconsistent list - objects that were created, modified, or deleted between "
        "the time the first chunk was returned and now may show up in the list.",
        encoded({.version = -1, .start = where.start}));
}

Reply tooLarge(Version wanted, Version current) {
    Json details = {
        {"causes",
         {{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}}}},
        {"retryAfterSeconds", 1}};
    Reply reply = failure(
        504, "Timeout",
        fmt::format("Timeout: Too large resource version: {}, current: {}", wanted, current),
        std::move(details));
    reply.headers.emplace("Retry-After", "1");
    return reply;
}

/// The objects that a request asks for, of one version and before selection and paging.
Outcome<Store::Listing> snapshot(const Request& request, const Store& store,
                                 const std::optional<Continue>& where) {
    if (where && where->version >= 0) {
        if (auto then = store.listAt(request.plural, Version(where->version)))
            return *then;
        return std::unexpected(continueExpired(*where));
    }
    const auto version = versionOf(request);
    if (!version)
        return std::unexpected(version.error());
    if (*version && **version > store.version())
        return std::unexpected(tooLarge(**version, store.version()));
    if (*version && request.parameter("resourceVersionMatch") == "Exact") {
        if (auto then = store.listAt(request.plural, **version))
            return *then;
        return std::unexpected(
            expired("The resourceVersion for the provided list is too old.", ""));
    }
    return store.list(request.plural);
}

Json listOf(const Kind& kind, std::vector<Json> objects) {
    if (!kind.isCustom)
        for (Json& object : objects) {
            object.erase("kind");
            object.erase("apiVersion");
        }
    return {{"kind", kind.kind + "List"},
            {"apiVersion", kind.apiVersion()},
            {"metadata", Json::object()},
            {"items", std::move(objects)}};
}

std::size_t limitOf(const Request& request) {
    const long limit = request.parameter("resourceVersion") == "0" ? 0 : request.number("limit");
    return std::size_t(std::max(limit, 0L));
}

} // namespace

Outcome<std::optional<Version>> versionOf(const Request& request) {
    const std::string text = request.parameter("resourceVersion");
    Version version = 0;
    const char* end = text.data() + text.size();
    if (!text.empty() && std::from_chars(text.data(), end, version).ptr != end) {
        const std::string problem =
            fmt::format("resourceVersion: Invalid value: \"{0}\": "
                        "strconv.ParseUint: parsing \"{0}\": invalid syntax",
                        text);
        return std::unexpected(
            request.verb == "watch"
                ? failure(500, "", problem)
                : failure(400, "BadRequest", "invalid resource version: " + problem));
    }
    return version == 0 ? std::nullopt : std::optional(version);
}

Reply Cluster::list(const Request& request) const {
    const Kind& kind = *kindOf(request.group, request.plural);
    const auto selector = Selector::of(request);
    if (!selector)
        return selector.error();
    const std::string token = request.parameter("continue");
    const auto where = decoded(token);
    if (!token.empty() && !where)
        return failure(400, "BadRequest",
                       "invalid continue token: continue key is not valid: invalid character");
    if (!token.empty() && !request.parameter("resourceVersion").empty())
        return failure(400, "BadRequest",
                       "specifying resource version is not allowed when using continue");
    auto listing = snapshot(request, store_, token.empty() ? std::optional<Continue>() : where);
    if (!listing)
        return listing.error();
    std::erase_if(listing->objects, [&](const Json& object) {
        return !selector->matches(object) || (where && sortKey(object) <= where->start);
    });
    Json list = listOf(kind, {});
    list["metadata"]["resourceVersion"] = std::to_string(listing->version);
    if (kind.isCustom)
        list["metadata"]["continue"] = ""; // built-in lists leave it out
    const std::size_t limit = limitOf(request);
    if (limit > 0 && listing->objects.size() > limit) {
        if (selector->isEmpty())
            list["metadata"]["remainingItemCount"] = listing->objects.size() - limit;
        list["metadata"]["continue"] = encoded(
            {.version = long(listing->version), .start = sortKey(listing->objects[limit - 1])});
        listing->objects.resize(limit);
    }
    list["items"] = listOf(kind, std::move(listing->objects))["items"];
    return success(list);
}

} // namespace plimsoll::test::apiserver
