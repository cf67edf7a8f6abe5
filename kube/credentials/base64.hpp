// SPDX-License-Identifier: Apache-2.0
// Base64 as it stands in kubeconfigs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::kube {

/// White space within is passed over. None for anything else that is no base64.
std::optional<std::string> decodeBase64(std::string_view text);

} // namespace plimsoll::kube
