// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/ctl.hpp"

#include "tests/apiserver/reply.hpp"
#include "tests/apiserver/tls_server.hpp"

#include <chrono>
#include <fmt/core.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <thread>

namespace plimsoll::test::apiserver {

using namespace std::chrono_literals;

namespace {

/// Text without quotes, everything else as JSON; "null" for what is not there.
std::string valueAt(const std::string& body, const std::string& pointer) {
    const Json object = Json::parse(body, nullptr, false);
    const Json::json_pointer path(pointer);
    if (object.is_discarded() || !object.contains(path))
        return "null";
    const Json& value = object.at(path);
    return value.is_string() ? value.get<std::string>() : value.dump();
}

} // namespace

Ctl::Answer Ctl::send(const std::string& method, const std::string& path,
                      const std::string& body) const {
    httplib::Client client("127.0.0.1", port_);
    client.set_read_timeout(30);
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    const auto result = client.send(request);
    if (!result)
        return {.status = 0,
                .body = fmt::format("no answer from control port {}: {}\n", port_,
                                    httplib::to_string(result.error()))};
    return {.status = result->status, .body = result->body};
}

int Ctl::print(const Answer& answer) const {
    const bool isGood = answer.status / 100 == 2;
    (isGood ? std::cout : std::cerr) << answer.body << (answer.body.ends_with('\n') ? "" : "\n");
    return isGood ? 0 : 1;
}

int Ctl::get(const std::string& path, const std::string& pointer) const {
    Answer answer = send("GET", path);
    if (answer.status == 200 && !pointer.empty())
        answer.body = valueAt(answer.body, pointer);
    return print(answer);
}

int Ctl::apply(const std::string& file) const {
    std::ifstream opened;
    if (file != "-")
        opened.open(file);
    std::istream& from = file == "-" ? std::cin : opened;
    if (!from) {
        std::cerr << "cannot read " << file << "\n";
        return 1;
    }
    const std::string text{std::istreambuf_iterator<char>(from), {}};
    return print(send("POST", "/control/apply", text));
}

int Ctl::erase(const std::string& path) const {
    return print(send("DELETE", path));
}

int Ctl::fault(const std::string& json) const {
    return print(json == "clear" ? send("DELETE", "/control/faults")
                                 : send("POST", "/control/faults", json));
}

int Ctl::log(bool isCleared) const {
    return print(send(isCleared ? "DELETE" : "GET", "/control/log"));
}

int Ctl::perform(const std::string& deed) const {
    return print(send("POST", "/control/do/" + deed));
}

int Ctl::wait(const std::string& path, const std::string& pointer, const std::string& value,
              int seconds) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    std::string last;
    do {
        const Answer answer = send("GET", path);
        last = answer.status == 200 ? valueAt(answer.body, pointer) : "null";
        if (answer.status != 0 && last == value)
            return 0;
        std::this_thread::sleep_for(100ms);
    } while (std::chrono::steady_clock::now() < end);
    std::cerr << fmt::format("{} of {} is {} after {} s, not {}\n", pointer, path, last, seconds,
                             value);
    return 1;
}

} // namespace plimsoll::test::apiserver
