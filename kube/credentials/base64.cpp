// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/base64.hpp"

#include <algorithm>
#include <openssl/evp.h>

namespace plimsoll::kube {
namespace {

const unsigned char* bytesOf(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

std::optional<std::string> decodeBase64(std::string_view text) {
    std::string packed;
    packed.reserve(text.size());
    std::ranges::copy_if(text, std::back_inserter(packed),
                         [](char c) { return c != ' ' && c != '\n' && c != '\r' && c != '\t'; });
    const auto padding = packed.size() - std::min(packed.find('='), packed.size());
    // libcrypto reads a '=' anywhere as a zero.
    const bool endsWell =
        padding <= 2 && packed.find_first_not_of('=', packed.size() - padding) == std::string::npos;
    if (packed.size() % 4 != 0 || !endsWell) {
        return std::nullopt;
    }
    std::string result(packed.size() / 4 * 3, '\0');
    const int length = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                       bytesOf(packed), static_cast<int>(packed.size()));
    if (length < 0 || static_cast<std::size_t>(length) != result.size()) {
        return std::nullopt;
    }
    result.resize(result.size() - padding);
    return result;
}

std::string encodeBase64(std::string_view bytes) {
    std::string result((bytes.size() + 2) / 3 * 4 + 1, '\0'); // and a null byte behind it
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                       bytesOf(bytes), static_cast<int>(bytes.size()));
    result.resize(static_cast<std::size_t>(length));
    return result;
}

} // namespace plimsoll::kube
