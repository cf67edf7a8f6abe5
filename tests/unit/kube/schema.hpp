// SPDX-License-Identifier: Apache-2.0
// The schemas of kube/manifests/crds.yaml, and what an API server says by them: a small validator
// for the part of OpenAPI that they use.
#pragma once

#include "kube/yaml_tree.hpp"

#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

inline const std::vector<std::string> kKindsOfPolicies{"NodeQOS", "PodQOS", "AvoidanceAction"};

std::string contents(const std::filesystem::path& path);

/// The documents of a file below the source directory.
std::vector<YamlNode> documentsOf(const std::string& file);

/// What stands below these keys; a null when one of them is not there.
const YamlNode& at(const YamlNode& node, std::initializer_list<std::string_view> keys);

/// openAPIV3Schema of a kind; null when there is no such definition.
const YamlNode* schemaOf(std::string_view kind);

/// The first thing that is wrong with a value: "spec.rules: has fewer than 1 items". Members that
/// the schema does not know are pruned, and nulls in maps are absent, as on the API server.
std::optional<std::string> violation(const YamlNode& schema, const YamlNode& value,
                                     const std::string& path = "");

/// The schema with every one of its parts below `properties`, `items` and `additionalProperties`,
/// by path: "spec.rules[].name", "spec.resourceQOS.cpuQOS.containerRdt{}.l3".
void visitSchema(const YamlNode& schema, const std::string& path,
                 const std::function<void(const std::string& path, const YamlNode& part)>& visit);

/// What keeps a schema from being structural or has no place in ours; empty: nothing.
std::vector<std::string> structuralFaults(const YamlNode& schema);

} // namespace plimsoll::kube
