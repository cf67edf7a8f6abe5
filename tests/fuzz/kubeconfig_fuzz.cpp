// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials/kubeconfig.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace plimsoll::fuzz {
namespace {

void checkMaterial(const kube::Material& material) {
    require(material.data.empty() || material.file.empty(), "data win over the file");
    require(material.file.empty() || material.file.starts_with('/'), "a file has its folder");
}

void checkCommand(const kube::ExecCommand& command) {
    const auto& program = command.program;
    require(!program.empty(), "a plugin is a program");
    require(program.find('/') == std::string::npos || program.starts_with('/'),
            "a program with a slash has its folder");
    require(program.find('\0') == std::string::npos, "a program is a C string");
    for (const auto& [name, value] : command.environment) {
        require(!name.empty() && name.find('=') == std::string::npos, "a variable has a name");
    }
}

} // namespace

void fuzzKubeconfig(std::string_view text) {
    require(kube::kindOf(text).size() <= text.size(), "a kind is a word of the text");
    const auto config = kube::parseKubeconfig(text, "/etc/fuzz.conf");
    if (!config) {
        require(config.error().what.starts_with("/etc/fuzz.conf:"), "an error names the file");
        return;
    }
    require(config->server.starts_with("https://"), "the server is asked with TLS");
    require(std::ranges::none_of(config->token, [](char c) { return c == '\r' || c == '\n'; }),
            "a token is one line");
    require(config->certificate.given() == config->key.given(), "a certificate has a key");
    require(config->certificate.given() || !config->token.empty() || config->tokenFile.given() ||
                config->exec,
            "somebody logs in");
    checkMaterial(config->ca);
    checkMaterial(config->certificate);
    checkMaterial(config->key);
    if (config->exec) {
        checkCommand(*config->exec);
    }
}

} // namespace plimsoll::fuzz
