// SPDX-License-Identifier: Apache-2.0
// A request as the server understood it: who, what verb, on which resource.
#pragma once

#include "tests/apiserver/reply.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::test::apiserver {

struct Identity {
    std::string user = "system:anonymous";
    std::vector<std::string> groups = {"system:unauthenticated"};

    [[nodiscard]] bool isIn(std::string_view group) const;
    /// Of a user "system:node:NAME" in the group system:nodes; else empty.
    [[nodiscard]] std::string node() const;
};

struct Kind {
    std::string group; ///< "" for the core
    std::string version;
    std::string plural;
    std::string kind;
    bool isNamespaced;
    bool isCustom; ///< there only while its CustomResourceDefinition is

    [[nodiscard]] std::string apiVersion() const;
};

/// Null: nothing that this server knows.
const Kind* kindOf(std::string_view group, std::string_view plural);
/// Of an object, by its apiVersion and kind.
const Kind* kindOf(const Json& object);
const std::vector<Kind>& allKinds();

struct Request {
    Identity identity;
    std::string method;
    std::string path; ///< without the query
    std::map<std::string, std::string> query;
    std::string contentType;
    std::string userAgent;
    std::string body;

    // What the path says. `plural` is empty for what is no resource ("/version").
    std::string group;
    std::string version;
    std::string plural;
    std::string space; ///< the namespace
    std::string name;
    std::string subresource;
    std::string verb; ///< "get", "list", "watch", "create", …

    [[nodiscard]] std::string parameter(const std::string& key) const;
    [[nodiscard]] long number(const std::string& key) const; ///< 0 where it says none
    [[nodiscard]] bool isSet(const std::string& key) const;  ///< "1" or "true"
    [[nodiscard]] bool isDryRun() const { return parameter("dryRun") == "All"; }
    /// "nodes", "nodeqoss.ensurance.crane.io"
    [[nodiscard]] std::string qualifiedPlural() const;
};

/// Fills in what follows from method, path and query.
void readPath(Request& request);

Reply notFound(const Request& request);
Reply conflict(const Request& request);

} // namespace plimsoll::test::apiserver
