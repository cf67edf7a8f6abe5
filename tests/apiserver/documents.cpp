// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/documents.hpp"

#include <yaml-cpp/yaml.h>

namespace plimsoll::test::apiserver {

namespace {

/// Plain scalars have JSON's types, quoted ones are text.
Json scalarOf(const YAML::Node& node) {
    if (node.Tag() == "!")
        return node.Scalar();
    const Json plain = Json::parse(node.Scalar(), nullptr, false);
    return plain.is_number() || plain.is_boolean() ? plain : Json(node.Scalar());
}

Json toJson(const YAML::Node& node) {
    if (node.IsSequence()) {
        Json list = Json::array();
        for (const YAML::Node& item : node)
            list.push_back(toJson(item));
        return list;
    }
    if (node.IsMap()) {
        Json object = Json::object();
        for (const auto& field : node)
            object[field.first.Scalar()] = toJson(field.second);
        return object;
    }
    return node.IsScalar() ? scalarOf(node) : Json();
}

} // namespace

std::expected<std::vector<Json>, std::string> documentsIn(const std::string& text) {
    std::vector<Json> documents;
    try {
        for (const YAML::Node& document : YAML::LoadAll(text)) {
            const Json object = toJson(document);
            if (object.is_object() && object.value("kind", "") == "List")
                documents.insert(documents.end(), object["items"].begin(), object["items"].end());
            else if (!object.is_null())
                documents.push_back(object);
        }
    } catch (const YAML::Exception& wrong) {
        return std::unexpected(wrong.what());
    }
    return documents;
}

} // namespace plimsoll::test::apiserver
