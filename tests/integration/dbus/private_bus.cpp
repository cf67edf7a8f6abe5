// SPDX-License-Identifier: Apache-2.0
#include "private_bus.hpp"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace plimsoll::test {

namespace {

std::string configuration(const std::string& socket, PrivateBus::Policy policy) {
    std::string own;
    if (policy == PrivateBus::Policy::wideOpen)
        own =
            R"(<policy context="mandatory"><allow send_destination="org.plimsoll.Node1"/></policy>)";
    if (getuid() != 0)
        own += "<policy user=\"" + std::to_string(getuid()) +
               "\"><allow own=\"org.plimsoll.Node1\"/>"
               "<allow send_destination=\"org.plimsoll.Node1\"/></policy>";
    return R"(<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>unix:path=)" +
           socket + R"(</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Peer"/>
  </policy>
  <include>)" PLIMSOLL_DBUS_DIR R"(/org.plimsoll.Node1.conf</include>
  )" + own +
           R"(
</busconfig>
)";
}

bool answers(const std::string& path) {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    // NOLINTNEXTLINE: the socket interface is like that
    const int result = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address));
    close(fd);
    return result == 0;
}

} // namespace

PrivateBus::PrivateBus(Policy policy) {
    char name[] = "/tmp/plimsoll-bus-XXXXXX";
    if (mkdtemp(name) == nullptr)
        throw std::runtime_error("mkdtemp");
    directory_ = name;
    chmod(name, 0755); // nobody has to get at the socket
    socket_ = directory_ + "/socket";
    config_ = directory_ + "/bus.conf";
    std::ofstream(config_) << configuration(socket_, policy);
    setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + socket_).c_str(), 1);
    start();
}

PrivateBus::~PrivateBus() {
    stop();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
}

void PrivateBus::start() {
    unlink(socket_.c_str());
    const std::string option = "--config-file=" + config_;
    pid_ = fork();
    if (pid_ == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        // It has a lot to say about clients that misbehave, and some here do.
        if (const int null = open("/dev/null", O_WRONLY | O_CLOEXEC); null >= 0)
            dup2(null, STDERR_FILENO);
        execl(PLIMSOLL_DBUS_DAEMON, PLIMSOLL_DBUS_DAEMON, option.c_str(), "--nofork", "--nopidfile",
              "--nosyslog", nullptr);
        _exit(127);
    }
    for (int i = 0; i < 1000; ++i) {
        if (answers(socket_))
            return;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    throw std::runtime_error("dbus-daemon does not start");
}

void PrivateBus::stop() {
    if (pid_ <= 0)
        return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

Ran run(const std::string& command) {
    Ran ran;
    FILE* const pipe = popen((command + " 2>&1").c_str(), "re");
    if (pipe == nullptr)
        return ran;
    char buffer[4096];
    while (const std::size_t count = fread(buffer, 1, sizeof(buffer), pipe))
        ran.output.append(buffer, count);
    const int status = pclose(pipe);
    ran.exitCode = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return ran;
}

} // namespace plimsoll::test
