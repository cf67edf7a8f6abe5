// SPDX-License-Identifier: Apache-2.0
// Manifests as files have them: JSON or YAML, several in one, lists of them.
#pragma once

#include "tests/apiserver/reply.hpp"

#include <string>
#include <vector>

namespace plimsoll::test::apiserver {

/// An error is a sentence.
std::expected<std::vector<Json>, std::string> documentsIn(const std::string& text);

} // namespace plimsoll::test::apiserver
