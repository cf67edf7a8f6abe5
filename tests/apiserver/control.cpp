// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/control.hpp"

#include "tests/apiserver/documents.hpp"
#include "tests/apiserver/frontend.hpp"

#include <fmt/core.h>
#include <functional>
#include <map>
#include <stdexcept>
#include <thread>

namespace plimsoll::test::apiserver {

namespace {

using Parameters = std::map<std::string, std::string>;
using Deed = std::function<void(ApiServer&, const Parameters&)>;

std::string parameter(const Parameters& parameters, const std::string& name,
                      const std::string& fallback) {
    const auto found = parameters.find(name);
    return found == parameters.end() ? fallback : found->second;
}

/// What POST /control/do/NAME does; rotate takes ?node=NAME&seconds=N.
const std::map<std::string, Deed>& deeds() {
    static const std::map<std::string, Deed> kDeeds{
        {"stop", [](ApiServer& server, const Parameters&) { server.stop(); }},
        {"start", [](ApiServer& server, const Parameters&) { server.start(); }},
        {"cut-watches", [](ApiServer& server, const Parameters&) { server.cutWatches(); }},
        {"compact", [](ApiServer& server, const Parameters&) { server.compact(); }},
        {"install-definitions",
         [](ApiServer& server, const Parameters&) { server.installDefinitions(); }},
        {"remove-definitions",
         [](ApiServer& server, const Parameters&) { server.removeDefinitions(); }},
        {"install-role", [](ApiServer& server, const Parameters&) { server.installNodeRole(); }},
        {"remove-role", [](ApiServer& server, const Parameters&) { server.removeNodeRole(); }},
        {"hold-pods",
         [](ApiServer& server, const Parameters&) { server.cluster().removesPods = false; }},
        {"release-pods",
         [](ApiServer& server, const Parameters&) { server.cluster().removesPods = true; }},
        {"become-old", [](ApiServer& server, const Parameters&) { server.cluster().isOld = true; }},
        {"become-new",
         [](ApiServer& server, const Parameters&) { server.cluster().isOld = false; }},
        {"rotate",
         [](ApiServer& server, const Parameters& with) {
             server.rotate(parameter(with, "node", "node-a"),
                           std::chrono::seconds(std::stoi(parameter(with, "seconds", "86400"))));
         }},
    };
    return kDeeds;
}

Reply ok() {
    return plainText(200, "ok\n");
}

Reply applyAll(ApiServer& server, const std::string& text) {
    const auto documents = documentsIn(text);
    if (!documents)
        return plainText(400, documents.error() + "\n");
    std::string names;
    for (const Json& document : *documents) {
        const Json applied = server.apply(document);
        names += fmt::format("{} {}\n", applied.value("kind", ""),
                             applied.at("metadata").value("name", ""));
    }
    return plainText(200, names);
}

Reply addFaults(ApiServer& server, const std::string& text) {
    const Json json = Json::parse(text);
    if (json.is_array())
        for (const Json& fault : json)
            server.fault(fault);
    else
        server.fault(json);
    return ok();
}

Reply logOf(ApiServer& server) {
    Json entries = Json::array();
    for (const Access& access : server.log().entries())
        entries.push_back(toJson(access));
    return success(entries);
}

Reply controlled(ApiServer& server, const Request& request) {
    constexpr std::string_view kDo = "/control/do/";
    if (request.path == "/control/apply")
        return applyAll(server, request.body);
    if (request.path == "/control/faults" && request.method == "POST")
        return addFaults(server, request.body);
    if (request.path == "/control/faults" && request.method == "DELETE") {
        server.faults().clear();
        return ok();
    }
    if (request.path == "/control/faults")
        return success({{"left", server.faults().left()}});
    if (request.path == "/control/log" && request.method == "DELETE") {
        server.log().clear();
        return ok();
    }
    if (request.path == "/control/log")
        return logOf(server);
    const auto deed = request.path.starts_with(kDo) ? deeds().find(request.path.substr(kDo.size()))
                                                    : deeds().end();
    if (deed == deeds().end() || request.method != "POST")
        return plainText(404, "no such control: " + request.path + "\n");
    deed->second(server, request.query);
    return ok();
}

Reply answered(ApiServer& server, Request request) {
    if (request.path.starts_with("/control/"))
        return controlled(server, request);
    request.identity = {.user = "control", .groups = {"system:masters"}};
    if (request.method == "DELETE")
        return server.erase(request.path) ? ok() : notFound(request);
    return request.verb == "watch" ? plainText(400, "watch at the API's own port\n")
                                   : server.cluster().answer(request);
}

} // namespace

struct Control::Impl {
    httplib::Server http;
    int port = 0;
    std::thread thread;
};

Control::Control(ApiServer& server, int port) : impl_(std::make_unique<Impl>()) {
    const auto all = [&server](const httplib::Request& from, httplib::Response& to) {
        try {
            send(answered(server, requestOf(from)), to);
        } catch (const std::exception& wrong) {
            send(plainText(400, std::string(wrong.what()) + "\n"), to);
        }
    };
    impl_->http.Get(".*", all).Post(".*", all).Put(".*", all).Patch(".*", all).Delete(".*", all);
    impl_->port = port == 0 ? impl_->http.bind_to_any_port("127.0.0.1")
                            : (impl_->http.bind_to_port("127.0.0.1", port) ? port : -1);
    if (impl_->port <= 0)
        throw std::runtime_error(fmt::format("cannot listen on control port {}", port));
    impl_->thread = std::thread([impl = impl_.get()] { impl->http.listen_after_bind(); });
    while (!impl_->http.is_running())
        std::this_thread::yield();
}

Control::~Control() {
    impl_->http.stop();
    impl_->thread.join();
}

int Control::port() const {
    return impl_->port;
}

} // namespace plimsoll::test::apiserver
