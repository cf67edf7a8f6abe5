// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/base64.hpp"

#include <algorithm>
#include <climits>
#include <openssl/evp.h>

namespace plimsoll::kube {

std::optional<std::string> decodeBase64(std::string_view text) {
    std::string packed(text);
    std::erase_if(packed, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
    if (packed.size() % 4 != 0 || packed.size() > INT_MAX) {
        return std::nullopt;
    }
    const auto padding = packed.ends_with("==") ? 2U : packed.ends_with('=') ? 1U : 0U;
    // EVP_DecodeBlock takes '=' anywhere for zero bits.
    if (packed.find('=') < packed.size() - padding) {
        return std::nullopt;
    }
    std::string result(packed.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                       reinterpret_cast<const unsigned char*>(packed.data()),
                                       static_cast<int>(packed.size()));
    if (length < 0) {
        return std::nullopt;
    }
    result.resize(static_cast<std::size_t>(length) - padding);
    return result;
}

} // namespace plimsoll::kube
