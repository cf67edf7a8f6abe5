// SPDX-License-Identifier: Apache-2.0
// An API whose answers a test gives, one by one.
#pragma once

#include "kube/api/api.hpp"

#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <utility>
#include <vector>

namespace plimsoll::kube::test {

class FakeApi : public Api {
public:
    using Api::send;
    http::Call send(ApiRequest request, Receive /*receive*/, Done done) override {
        requests.push_back(request);
        auto pending = std::make_shared<Pending>(
            Pending{.request = std::move(request), .done = std::move(done), .cancelled = false});
        pending_.push_back(pending);
        return http::Call([pending] { pending->cancelled = true; });
    }

    /// Of the oldest request that has no answer yet.
    void answer(Result<http::Answer> answer) {
        dropCancelled();
        ASSERT_FALSE(pending_.empty()) << "nothing was asked";
        const auto first = pending_.front();
        pending_.pop_front();
        first->done(std::move(answer));
    }
    void answer(int status, std::string body = {}) {
        answer(http::Answer{.status = status,
                            .contentType = "application/json",
                            .body = std::move(body),
                            .retryAfter = std::nullopt});
    }
    void fail(const std::string& why) { answer(plimsoll::fail(0, why)); }

    [[nodiscard]] std::size_t pending() {
        dropCancelled();
        return pending_.size();
    }
    [[nodiscard]] const ApiRequest& next() {
        dropCancelled();
        return pending_.front()->request;
    }

    std::vector<ApiRequest> requests; ///< all that ever were

private:
    struct Pending {
        ApiRequest request;
        Done done;
        bool cancelled = false;
    };
    void dropCancelled() {
        std::erase_if(pending_, [](const auto& each) { return each->cancelled; });
    }

    std::deque<std::shared_ptr<Pending>> pending_;
};

} // namespace plimsoll::kube::test
