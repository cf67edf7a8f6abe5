// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/faults.hpp"

namespace plimsoll::test::apiserver {

namespace {

std::optional<Reply> replyOf(const Json& then) {
    if (!then.contains("status"))
        return std::nullopt;
    const Json body = then.value("body", Json(""));
    Reply reply{.status = then.at("status"),
                .body = body.is_string() ? body.get<std::string>() : body.dump(),
                .contentType = body.is_string() ? "text/plain; charset=utf-8" : "application/json"};
    reply.contentType = then.value("contentType", reply.contentType);
    const Json headers = then.value("headers", Json::object());
    for (const auto& [name, value] : headers.items())
        reply.headers.emplace(name, value.is_string() ? value.get<std::string>() : value.dump());
    return reply;
}

bool fits(const std::string& pattern, const std::string& text) {
    return pattern.empty() || std::regex_search(text, std::regex(pattern));
}

} // namespace

std::optional<Fault> faultOf(const Json& json) {
    if (!json.is_object() || !json.contains("then"))
        return std::nullopt;
    const Json& then = json.at("then");
    Fault fault{.method = json.value("method", ""),
                .path = json.value("path", ""),
                .user = json.value("user", ""),
                .times = json.value("times", 1),
                .delay = std::chrono::milliseconds(then.value("delayMs", 0)),
                .hangs = then.value("hang", false),
                .closes = then.value("close", false),
                .reply = replyOf(then),
                .cutAfterBytes = std::nullopt};
    if (then.contains("cutAfterBytes"))
        fault.cutAfterBytes = then.at("cutAfterBytes").get<std::size_t>();
    return fault;
}

void Faults::add(Fault fault) {
    const std::scoped_lock lock(mutex_);
    faults_.push_back(std::move(fault));
}

void Faults::clear() {
    const std::scoped_lock lock(mutex_);
    faults_.clear();
}

std::optional<Fault> Faults::take(const std::string& method, const std::string& target,
                                  const std::string& user) {
    const std::scoped_lock lock(mutex_);
    for (auto fault = faults_.begin(); fault != faults_.end(); ++fault) {
        if ((!fault->method.empty() && fault->method != method) || !fits(fault->path, target) ||
            !fits(fault->user, user))
            continue;
        Fault taken = *fault;
        if (fault->times > 0 && --fault->times == 0)
            faults_.erase(fault);
        return taken;
    }
    return std::nullopt;
}

std::size_t Faults::left() const {
    const std::scoped_lock lock(mutex_);
    return faults_.size();
}

} // namespace plimsoll::test::apiserver
