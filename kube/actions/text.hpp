// SPDX-License-Identifier: Apache-2.0
// Texts for people in objects of the cluster.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// UTF-8 of at most so many bytes, whatever it is given, cut between two characters.
std::string shortened(std::string_view text, std::size_t most);

} // namespace plimsoll::kube
