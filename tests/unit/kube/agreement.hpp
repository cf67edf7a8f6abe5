// SPDX-License-Identifier: Apache-2.0
// The schema that an API server checks policies with and the decoders say the same of every object.
#pragma once

#include "daemon/model/policy.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::kube {

/// Objects of a text of which the decoders think otherwise than the schema, leaving out what
/// OpenAPI cannot say. `decoded` is what became of the text, and "a.yaml" its file.
std::vector<std::string> disagreements(std::string_view text, const PolicySet& decoded);

/// Whether a schema could say this at all.
bool expressible(const Refusal& refusal);

} // namespace plimsoll::kube
