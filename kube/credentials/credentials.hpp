// SPDX-License-Identifier: Apache-2.0
// The node's own credentials: a kubeconfig and the files, token or plugin that it names.
#pragma once

#include "daemon/model/error.hpp"
#include "kube/credentials/access.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

struct sd_event;

namespace plimsoll::kube {

struct CredentialSettings {
    /// Empty: the one of the running kubelet, else the first that exists of the usual places.
    std::string kubeconfig;
    std::vector<std::string> servers; ///< tried after the kubeconfig's own, in this order
};

/// The machine as the credentials see it; tests have others.
struct Surroundings {
    std::string root; ///< in front of the usual places; empty: "/"
    std::string procRoot = "/proc";
    std::function<WallTime()> now; ///< empty: the system's clock
    /// Files are read again after so long, changed or not.
    std::chrono::milliseconds keptFor{60'000};
    /// A plugin that takes longer is killed.
    std::chrono::milliseconds pluginTime{30'000};
};

class Credentials {
public:
    Credentials(sd_event* event, CredentialSettings settings, Surroundings surroundings = {});
    ~Credentials();
    Credentials(const Credentials&) = delete;
    Credentials& operator=(const Credentials&) = delete;

    /// An error names the file and the field, and what would be right. ENOENT: there is no
    /// kubeconfig on this node, so there is no cluster for it.
    using Ready = std::function<void(Result<std::shared_ptr<const Access>>)>;

    /// Called from the loop, never from within. What was read is used again until a file has
    /// changed, a minute has passed (files), or it expires (plugins). One request a time is enough:
    /// all that wait are answered together.
    void get(Ready ready);
    /// The server did not know them (401): the next get() reads everything anew and runs the
    /// plugin again.
    void refused();

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

} // namespace plimsoll::kube
