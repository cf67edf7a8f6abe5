// SPDX-License-Identifier: Apache-2.0
// A bus of type "system" that belongs to one test.
#pragma once

#include <string>
#include <sys/types.h>

namespace plimsoll::test {

/// Sets DBUS_SYSTEM_BUS_ADDRESS, so make it before there are threads. The policy is a
/// distribution's plus dbus/org.plimsoll.Node1.conf; when the test does not run as root, its user
/// stands in for root.
class PrivateBus {
public:
    /// Wide open: as if our policy file let everybody send everything.
    enum class Policy { ours, wideOpen };
    explicit PrivateBus(Policy policy = Policy::ours);
    ~PrivateBus();
    PrivateBus(const PrivateBus&) = delete;
    PrivateBus& operator=(const PrivateBus&) = delete;

    void start();
    void stop(); ///< SIGKILL: nobody is told
    [[nodiscard]] const std::string& socketPath() const { return socket_; }

private:
    std::string directory_;
    std::string socket_;
    std::string config_;
    pid_t pid_ = -1;
};

struct Ran {
    int exitCode = -1;
    std::string output; ///< both streams
};
/// A shell command.
Ran run(const std::string& command);

} // namespace plimsoll::test
