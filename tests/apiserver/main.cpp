// SPDX-License-Identifier: Apache-2.0
// plimsoll-test-apiserver: the test server as a program, and the client of its control port.
#include "tests/apiserver/api_server.hpp"
#include "tests/apiserver/control.hpp"
#include "tests/apiserver/ctl.hpp"
#include "tests/apiserver/node_files.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <filesystem>
#include <fmt/core.h>
#include <iostream>

namespace {

using plimsoll::test::ApiServer;
using plimsoll::test::apiserver::Control;
using plimsoll::test::apiserver::Ctl;

constexpr int kPort = 6443;
constexpr int kControlPort = 6444;

struct Wish {
    ApiServer::Options server;
    long lifetime = 86'400;
    int controlPort = kControlPort;
    bool isOld = false;
};

/// Serves until a signal ends it. Everything is in place when DIR/ready is there.
int serve(Wish wish) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr); // before there are threads
    wish.server.lifetime = std::chrono::seconds(wish.lifetime);
    ApiServer server(wish.server);
    server.cluster().isOld = wish.isOld;
    const Control control(server, wish.controlPort);
    const std::string ready = server.directory() + "/ready";
    plimsoll::test::apiserver::writeFile(
        ready, fmt::format("{} {}\n", server.url(), control.port()), 0644);
    int signal = 0;
    sigwait(&signals, &signal);
    std::filesystem::remove(ready);
    return 0;
}

void addServe(CLI::App& app, Wish& wish) {
    wish.server.port = kPort;
    app.add_option("--dir", wish.server.directory, "certificates, kubeconfigs, ready");
    app.add_option("--node", wish.server.nodes,
                   "names of nodes; NAME/kubelet.conf in the directory");
    app.add_option("--host", wish.server.host, "address to listen on");
    app.add_option("--port", wish.server.port, "0: any");
    app.add_option("--control-port", wish.controlPort, "0: any");
    app.add_option("--name", wish.server.names, "further names of the server: DNS:api.example");
    app.add_option("--lifetime", wish.lifetime, "seconds, of the nodes' certificates");
    app.add_flag("--old", wish.isOld, "behave as 1.20");
}

/// What was asked for on the command line of ctl.
struct Command {
    int port = kControlPort;
    std::string path;
    std::string pointer;
    std::string value;
    int seconds = 10;
    bool isCleared = false;
    std::function<int(const Ctl&)> run;
};

void addCtl(CLI::App& ctl, Command& asked) {
    ctl.require_subcommand(1);
    ctl.add_option("--control", asked.port, "the control port");
    const auto add = [&](const char* name, const char* what, std::function<int(const Ctl&)> run) {
        CLI::App* command = ctl.add_subcommand(name, what);
        command->callback([&asked, run = std::move(run)] { asked.run = run; });
        return command;
    };
    auto* get = add("get", "print an object, or what a JSON pointer names in it",
                    [&](const Ctl& to) { return to.get(asked.path, asked.pointer); });
    get->add_option("path", asked.path)->required();
    get->add_option("pointer", asked.pointer);
    add("apply", "create or replace what a file says (JSON or YAML; -)",
        [&](const Ctl& to) { return to.apply(asked.path); })
        ->add_option("file", asked.path)
        ->required();
    add("delete", "remove an object at once", [&](const Ctl& to) { return to.erase(asked.path); })
        ->add_option("path", asked.path)
        ->required();
    add("fault", "add a fault (JSON), or 'clear' them",
        [&](const Ctl& to) { return to.fault(asked.value); })
        ->add_option("json", asked.value)
        ->required();
    add("log", "print the requests", [&](const Ctl& to) {
        return to.log(asked.isCleared);
    })->add_flag("--clear", asked.isCleared, "forget them instead");
    add("do", "stop, start, cut-watches, compact, install-role, …",
        [&](const Ctl& to) { return to.perform(asked.value); })
        ->add_option("what", asked.value)
        ->required();
    auto* wait = add("wait", "until a JSON pointer names a value (null: until it is not there)",
                     [&](const Ctl& to) {
                         return to.wait(asked.path, asked.pointer, asked.value, asked.seconds);
                     });
    wait->add_option("path", asked.path)->required();
    wait->add_option("pointer", asked.pointer)->required();
    wait->add_option("value", asked.value)->required();
    wait->add_option("seconds", asked.seconds);
}

} // namespace

int main(int argc, char** argv) {
    CLI::App app{"A small living API server for tests."};
    Wish wish;
    Command command;
    addServe(app, wish);
    addCtl(*app.add_subcommand("ctl", "talk to a running server"), command);
    CLI11_PARSE(app, argc, argv);
    try {
        return command.run ? command.run(Ctl(command.port)) : serve(std::move(wish));
    } catch (const std::exception& wrong) {
        std::cerr << wrong.what() << "\n";
        return 1;
    }
}
