// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/client.hpp"

#include <optional>
#include <utility>

namespace plimsoll::conformance {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongest = 90s; // more than any request here has, a second try included

Reply replyOf(const Result<kube::http::Answer>& answer) {
    if (!answer)
        return {.problem = answer.error().what};
    Json body = Json::parse(answer->body, nullptr, false);
    return {.status = answer->status,
            .body = body.is_discarded() ? Json() : std::move(body),
            .words = kube::readStatus(*answer)};
}

} // namespace

std::string Reply::text() const {
    return problem.empty() ? words.text() : problem;
}

Client::Client(Loop& loop, const std::string& kubeconfig)
    : loop_(&loop), credentials_(loop.raw(), {.kubeconfig = kubeconfig}),
      connection_(loop.raw(), credentials_) {}

Reply Client::get(const std::string& path) {
    return ask({.path = path});
}

Reply Client::create(const std::string& path, const Json& object) {
    return ask({.method = kube::http::Method::post,
                .path = path,
                .contentType = "application/json",
                .body = object.dump()});
}

Reply Client::patch(const std::string& path, const Json& change, const std::string& type) {
    return ask({.method = kube::http::Method::patch,
                .path = path,
                .contentType = type,
                .body = change.dump()});
}

Reply Client::remove(const std::string& path) {
    return ask({.method = kube::http::Method::remove, .path = path});
}

Reply Client::ask(kube::ApiRequest request, kube::Api::Receive receive) {
    std::optional<Result<kube::http::Answer>> result;
    const auto call =
        connection_.send(std::move(request), std::move(receive),
                         [&](Result<kube::http::Answer> answer) { result = std::move(answer); });
    loop_->runUntil([&] { return result.has_value(); }, kLongest);
    return replyOf(result.value_or(fail(ETIMEDOUT, "nothing came back within 90 s")));
}

Result<std::shared_ptr<const kube::Access>> Client::access() {
    auto result = std::make_shared<std::optional<Result<std::shared_ptr<const kube::Access>>>>();
    credentials_.get([result](auto access) { *result = std::move(access); });
    loop_->runUntil([&] { return result->has_value(); }, kLongest);
    return result->value_or(fail(ETIMEDOUT, "the credentials took more than 90 s"));
}

} // namespace plimsoll::conformance
