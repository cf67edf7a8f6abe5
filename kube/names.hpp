// SPDX-License-Identifier: Apache-2.0
// The shapes that Kubernetes gives names and labels (k8s.io/apimachinery/pkg/util/validation).
#pragma once

#include <string_view>

namespace plimsoll::kube {

/// "cpu-high": lower-case letters, digits and '-', 63 characters at most.
bool isDns1123Label(std::string_view text);
/// Such labels joined by dots, 253 characters at most.
bool isDns1123Subdomain(std::string_view text);
/// A label key: "app", "app.kubernetes.io/name".
bool isLabelKey(std::string_view text);
/// A label value; may be empty.
bool isLabelValue(std::string_view text);

/// The name of an HTTP header: a token of RFC 9110, 5.6.2.
bool isHttpToken(std::string_view text);

inline constexpr std::string_view kLabelRule =
    "lower-case letters, digits and '-', starting and ending with a letter or digit, at most 63";

} // namespace plimsoll::kube
