// SPDX-License-Identifier: Apache-2.0
#include "schema.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <stdexcept>

namespace plimsoll::kube {
namespace {

using YamlKind = YamlNode::Kind;

const YamlNode& in(const YamlNode& node, std::string_view key) {
    static const YamlNode nothing;
    const YamlNode* found = node.find(key);
    return found == nullptr ? nothing : *found;
}

bool has(const YamlNode& node, std::string_view key) {
    return in(node, key).kind != YamlKind::null;
}

std::int64_t numberIn(const YamlNode& schema, std::string_view key, std::int64_t otherwise) {
    return has(schema, key) ? in(schema, key).integer : otherwise;
}

bool matches(const std::string& text, const std::string& pattern) {
    static std::map<std::string, std::regex> compiled;
    auto found = compiled.find(pattern);
    if (found == compiled.end()) {
        found = compiled.emplace(pattern, std::regex(pattern, std::regex::ECMAScript)).first;
    }
    return std::regex_search(text, found->second);
}

/// As the API server counts: code points.
std::int64_t lengthOf(const std::string& text) {
    return std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; });
}

bool isOfType(const YamlNode& value, const std::string& type) {
    switch (value.kind) {
    case YamlKind::null: return false;
    case YamlKind::boolean: return type == "boolean";
    case YamlKind::integer: return type == "integer" || type == "number";
    case YamlKind::number: return type == "number";
    case YamlKind::text: return type == "string";
    case YamlKind::list: return type == "array";
    case YamlKind::map: return type == "object";
    }
    return false;
}

using Violation = std::optional<std::string>;

Violation textViolation(const YamlNode& schema, const std::string& text, const std::string& path) {
    const auto length = lengthOf(text);
    if (length < numberIn(schema, "minLength", 0) ||
        length > numberIn(schema, "maxLength", length)) {
        return path + ": is too short or too long";
    }
    if (has(schema, "pattern") && !matches(text, in(schema, "pattern").text)) {
        return path + ": '" + text + "' does not match " + in(schema, "pattern").text;
    }
    return std::nullopt;
}

Violation listViolation(const YamlNode& schema, const YamlNode& list, const std::string& path) {
    const auto size = static_cast<std::int64_t>(list.items.size());
    if (size < numberIn(schema, "minItems", 0) || size > numberIn(schema, "maxItems", size)) {
        return path + ": has too few or too many items";
    }
    std::set<std::string> keys;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
        const std::string place = path + "[" + std::to_string(i) + "]";
        if (has(schema, "items")) {
            if (auto found = violation(in(schema, "items"), list.items[i], place)) {
                return found;
            }
        }
        for (const auto& key : in(schema, "x-kubernetes-list-map-keys").items) {
            if (!keys.insert(in(list.items[i], key.text).text).second) {
                return place + ": a second one of this name";
            }
        }
    }
    return std::nullopt;
}

Violation mapViolation(const YamlNode& schema, const YamlNode& map, const std::string& path) {
    for (const auto& name : in(schema, "required").items) {
        if (!has(map, name.text)) {
            return path + "." + name.text + ": is required";
        }
    }
    for (const auto& member : map.members) {
        const YamlNode* part = in(schema, "properties").find(member.key);
        if (part == nullptr) {
            part = schema.find("additionalProperties");
        }
        if (part == nullptr || member.value.kind == YamlKind::null) {
            continue;
        }
        if (auto found =
                violation(*part, member.value, path + (path.empty() ? "" : ".") + member.key)) {
            return found;
        }
    }
    return std::nullopt;
}

Violation combinationViolation(const YamlNode& schema, const YamlNode& value,
                               const std::string& path) {
    const auto holding = [&](std::string_view key) {
        return std::ranges::count_if(in(schema, key).items, [&](const YamlNode& part) {
            return !violation(part, value, path);
        });
    };
    if (has(schema, "oneOf") && holding("oneOf") != 1) {
        return path + ": must be one of several shapes";
    }
    if (has(schema, "anyOf") && holding("anyOf") == 0) {
        return path + ": is none of several shapes";
    }
    if (holding("allOf") != std::ssize(in(schema, "allOf").items)) {
        return path + ": is not all that it must be";
    }
    return std::nullopt;
}

// Structural schemas: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/validation.go.

using std::string_view_literals::operator""sv;

/// default is not among them: the defaults are the decoders'.
constexpr std::array kKeywords{"type"sv,
                               "description"sv,
                               "properties"sv,
                               "additionalProperties"sv,
                               "items"sv,
                               "required"sv,
                               "enum"sv,
                               "format"sv,
                               "pattern"sv,
                               "minimum"sv,
                               "maximum"sv,
                               "minLength"sv,
                               "maxLength"sv,
                               "minItems"sv,
                               "maxItems"sv,
                               "oneOf"sv,
                               "anyOf"sv,
                               "allOf"sv,
                               "x-kubernetes-int-or-string"sv,
                               "x-kubernetes-list-type"sv,
                               "x-kubernetes-list-map-keys"sv};
/// Not in what stands below oneOf, anyOf and allOf.
constexpr std::array kOutsideOnly{"type"sv,
                                  "description"sv,
                                  "additionalProperties"sv,
                                  "x-kubernetes-int-or-string"sv,
                                  "x-kubernetes-list-type"sv,
                                  "x-kubernetes-list-map-keys"sv};

template <std::size_t N>
bool isOneOf(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, word) != words.end();
}

using Faults = std::vector<std::string>;

void checkInner(const YamlNode& inner, const YamlNode& outer, const std::string& path,
                Faults& faults) {
    for (const auto& member : inner.members) {
        if (!isOneOf(member.key, kKeywords) || isOneOf(member.key, kOutsideOnly)) {
            faults.push_back(path + ": " + member.key + " has no place here");
        }
    }
    for (const auto& member : in(inner, "properties").members) {
        const YamlNode* same = in(outer, "properties").find(member.key);
        if (same == nullptr) {
            faults.push_back(path + "." + member.key + ": is not in the schema around it");
        } else {
            checkInner(member.value, *same, path + "." + member.key, faults);
        }
    }
    if (has(inner, "items")) {
        if (!has(outer, "items")) {
            faults.push_back(path + "[]: is not in the schema around it");
        }
        checkInner(in(inner, "items"), in(outer, "items"), path + "[]", faults);
    }
}

/// anyOf: [{type: integer}, {type: string}] beside x-kubernetes-int-or-string; the one exception.
bool isIntOrString(const YamlNode& schema) {
    const auto& shapes = in(schema, "anyOf").items;
    return shapes.size() == 2 && shapes[0].members.size() == 1 && shapes[1].members.size() == 1 &&
           in(shapes[0], "type").text == "integer" && in(shapes[1], "type").text == "string";
}

void checkTypes(const YamlNode& part, const std::string& path, Faults& faults) {
    static const std::set<std::string, std::less<>> types{"object", "array", "string", "integer",
                                                          "boolean"};
    const std::string& type = in(part, "type").text;
    if (has(part, "x-kubernetes-int-or-string")) {
        if (!type.empty() || !isIntOrString(part)) {
            faults.push_back(path + ": is not the standard form of a number or string");
        }
    } else if (!types.contains(type)) {
        faults.push_back(path + ": has no type that we use");
    }
    if (has(part, "items") != (type == "array")) {
        faults.push_back(path + ": items belong to arrays and arrays have items");
    }
    if ((has(part, "properties") || has(part, "additionalProperties")) && type != "object") {
        faults.push_back(path + ": members belong to objects");
    }
    if (has(part, "properties") && has(part, "additionalProperties")) {
        faults.push_back(path + ": properties and additionalProperties exclude each other");
    }
    for (const auto& word : in(part, "enum").items) {
        if (word.kind != YamlKind::text) {
            faults.push_back(path + ": an enum has words, and '" + word.text + "' is none");
        }
    }
}

void checkNames(const YamlNode& part, const std::string& path, Faults& faults) {
    for (const auto& name : in(part, "required").items) {
        if (!has(in(part, "properties"), name.text)) {
            faults.push_back(path + "." + name.text + ": is required and not there");
        }
    }
    for (const auto& key : in(part, "x-kubernetes-list-map-keys").items) {
        const auto& needed = in(in(part, "items"), "required").items;
        if (std::ranges::find(needed, key.text, &YamlNode::text) == needed.end()) {
            faults.push_back(path + "[]." + key.text + ": a key of the list must be required");
        }
    }
}

} // namespace

std::string contents(const std::filesystem::path& path) {
    std::ifstream stream(path);
    if (!stream) {
        throw std::runtime_error(path.string() + " cannot be read");
    }
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<YamlNode> documentsOf(const std::string& file) {
    const YamlText text = parseYaml(contents(PLIMSOLL_SOURCE_DIR "/" + file));
    if (text.problem || text.documents.empty()) {
        throw std::runtime_error(file + ": " + (text.problem ? text.problem->reason : "is empty"));
    }
    return text.documents;
}

const YamlNode& at(const YamlNode& node, std::initializer_list<std::string_view> keys) {
    const YamlNode* found = &node;
    for (const auto key : keys) {
        found = found == nullptr ? nullptr : found->find(key);
    }
    static const YamlNode nothing;
    return found == nullptr ? nothing : *found;
}

const YamlNode* schemaOf(std::string_view kind) {
    static const std::vector<YamlNode> definitions = documentsOf("kube/manifests/crds.yaml");
    for (const auto& definition : definitions) {
        const YamlNode& spec = in(definition, "spec");
        if (in(in(spec, "names"), "kind").text == kind) {
            return in(in(spec, "versions").items.at(0), "schema").find("openAPIV3Schema");
        }
    }
    return nullptr;
}

Violation violation(const YamlNode& schema, const YamlNode& value, const std::string& path) {
    if (has(schema, "type") && !isOfType(value, in(schema, "type").text)) {
        return path + ": must be of type " + in(schema, "type").text;
    }
    if (has(schema, "enum") &&
        std::ranges::find(in(schema, "enum").items, value.text, &YamlNode::text) ==
            in(schema, "enum").items.end()) {
        return path + ": '" + value.text + "' is none of the words";
    }
    Violation result;
    switch (value.kind) {
    case YamlKind::integer:
        if (value.integer < numberIn(schema, "minimum", value.integer) ||
            value.integer > numberIn(schema, "maximum", value.integer)) {
            return path + ": " + value.text + " is too small or too large";
        }
        break;
    case YamlKind::text: result = textViolation(schema, value.text, path); break;
    case YamlKind::list: result = listViolation(schema, value, path); break;
    case YamlKind::map: result = mapViolation(schema, value, path); break;
    default: break;
    }
    return result ? result : combinationViolation(schema, value, path);
}

void visitSchema(const YamlNode& schema, const std::string& path,
                 const std::function<void(const std::string&, const YamlNode&)>& visit) {
    visit(path, schema);
    for (const auto& member : in(schema, "properties").members) {
        visitSchema(member.value, path + (path.empty() ? "" : ".") + member.key, visit);
    }
    if (has(schema, "items")) {
        visitSchema(in(schema, "items"), path + "[]", visit);
    }
    if (has(schema, "additionalProperties")) {
        visitSchema(in(schema, "additionalProperties"), path + "{}", visit);
    }
}

Faults structuralFaults(const YamlNode& schema) {
    Faults faults;
    visitSchema(schema, "", [&](const std::string& path, const YamlNode& part) {
        for (const auto& member : part.members) {
            if (!isOneOf(member.key, kKeywords)) {
                faults.push_back(path + ": " + member.key + " has no place here");
            }
        }
        checkTypes(part, path, faults);
        checkNames(part, path, faults);
        for (const auto* combination : {"oneOf", "anyOf", "allOf"}) {
            if (has(part, "x-kubernetes-int-or-string") &&
                combination == std::string_view("anyOf")) {
                continue;
            }
            for (const auto& inner : in(part, combination).items) {
                checkInner(inner, part, path + "(" + combination + ")", faults);
            }
        }
    });
    for (const auto& member : in(in(schema, "properties"), "metadata").members) {
        const bool name = member.key == "properties" && member.value.members.size() == 1 &&
                          member.value.members[0].key == "name";
        if (member.key != "type" && !name) {
            faults.push_back("metadata: only its name may be restricted");
        }
    }
    return faults;
}

} // namespace plimsoll::kube
