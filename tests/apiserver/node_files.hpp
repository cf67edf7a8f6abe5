// SPDX-License-Identifier: Apache-2.0
// The files of a node's kubelet: its kubeconfig as kubeadm writes it and its certificate store.
#pragma once

#include "tests/apiserver/certificates.hpp"

#include <chrono>
#include <string>

namespace plimsoll::test::apiserver {

class NodeFiles {
public:
    /// In `directory`/NAME: kubelet.conf and pki/.
    NodeFiles(std::string directory, std::string node);

    void writeKubeconfig(const std::string& server, const std::string& caPem) const;
    /// As the kubelet's store does it: a new file, a new link beside, the old link away, the new
    /// one in its place. For an instant there is none.
    void rotate(const Pem& pem) const;

    [[nodiscard]] std::string kubeconfig() const;
    [[nodiscard]] std::string currentPem() const;

private:
    std::string directory_;
    std::string node_;
};

/// With everything inside it, as for a person.
std::string inlineKubeconfig(const std::string& server, const std::string& caPem, const Pem& pem);
std::string kubeconfigWithToken(const std::string& server, const std::string& caPem,
                                const std::string& token);

/// Whole or not at all.
void writeFile(const std::string& path, const std::string& text, unsigned mode);

} // namespace plimsoll::test::apiserver
