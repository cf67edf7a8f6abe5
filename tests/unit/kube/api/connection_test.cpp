// SPDX-License-Identifier: Apache-2.0
// A Connection over credentials and HTTP that are scripted.
#include "kube/api/connection.hpp"
#include "scripted_ports.hpp"
#include "tests/integration/http/loop.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using plimsoll::test::Loop;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using State = ApiHealth::State;

class ApiConnection : public testing::Test {
protected:
    ApiConnection() {
        connection_->onHealthChange([this] { states_.push_back(connection_->health().state); });
    }

    struct Asked {
        http::Call call;
        std::optional<Result<http::Answer>> outcome;
        std::string streamed;
    };
    std::shared_ptr<Asked> ask(http::Method method = http::Method::get, bool stream = false,
                               std::chrono::milliseconds timeout = 15s) {
        auto asked = std::make_shared<Asked>();
        Api::Receive receive;
        if (stream) {
            receive = [asked = asked.get()](std::string_view piece) {
                asked->streamed += piece;
                return piece != "stop";
            };
        }
        asked->call = connection_->send(
            {.method = method, .path = "/api", .timeout = timeout}, std::move(receive),
            [asked = std::weak_ptr(asked)](Result<http::Answer> outcome) {
                if (const auto there = asked.lock()) {
                    EXPECT_FALSE(there->outcome) << "called twice";
                    there->outcome = std::move(outcome);
                }
            });
        EXPECT_FALSE(asked->outcome) << "called from within send()";
        return asked;
    }
    std::shared_ptr<Asked> askAndSend(http::Method method = http::Method::get,
                                      bool stream = false) {
        const auto before = ports_.sent.size();
        auto asked = ask(method, stream);
        EXPECT_TRUE(loop_.runUntil([&] { return ports_.sent.size() > before; }));
        return asked;
    }
    bool sends(std::size_t count) {
        return loop_.runUntil([&] { return ports_.sent.size() >= count; });
    }
    bool ends(const std::shared_ptr<Asked>& asked) {
        return loop_.runUntil([&] { return asked->outcome.has_value(); });
    }
    void settle() { loop_.runFor(30ms); }
    void has(std::vector<std::string> servers) {
        ports_.access = std::make_shared<const Access>(test::accessTo(std::move(servers)));
    }

    Loop loop_;
    test::ScriptedPorts ports_;
    std::optional<Connection> connection_{std::in_place, loop_.raw(), ports_.ports()};
    std::vector<State> states_; ///< as they were told
};

// Credentials.

TEST_F(ApiConnection, ends_a_call_with_what_is_wrong_with_the_credentials) {
    ports_.access.reset();
    const auto asked = ask();
    ASSERT_TRUE(loop_.runUntil([&] { return !ports_.asking.empty(); }));
    ports_.asking.front()(fail(EACCES, "reading /etc/kubernetes/kubelet.conf: denied"));
    ASSERT_TRUE(ends(asked));
    EXPECT_EQ(asked->outcome->error().what, "reading /etc/kubernetes/kubelet.conf: denied");
    EXPECT_EQ(connection_->health().state, State::unreachable);
    EXPECT_EQ(connection_->health().problem, "reading /etc/kubernetes/kubelet.conf: denied");
    EXPECT_THAT(ports_.sent, IsEmpty());
}

TEST_F(ApiConnection, knows_a_node_without_a_cluster) {
    ports_.access.reset();
    const auto asked = ask();
    ASSERT_TRUE(loop_.runUntil([&] { return !ports_.asking.empty(); }));
    ports_.asking.front()(fail(ENOENT, "there is no kubeconfig"));
    ASSERT_TRUE(ends(asked));
    EXPECT_THAT(states_, ElementsAre(State::noCluster));
}

TEST_F(ApiConnection, asks_for_credentials_before_each_request) {
    const auto first = askAndSend();
    const auto second = askAndSend();
    EXPECT_EQ(ports_.timesAsked, 2);
}

TEST_F(ApiConnection, tries_once_more_with_new_credentials_after_a_401) {
    const auto asked = askAndSend(http::Method::post);
    auto newer = test::accessTo({"https://one:6443"});
    newer.bearerToken = "token-2";
    ports_.access = std::make_shared<const Access>(newer);
    ports_.answer(0, 401);
    ASSERT_TRUE(sends(2));
    EXPECT_EQ(ports_.timesRefused, 1);
    EXPECT_THAT(
        ports_.sent[1]->request.headers,
        testing::Contains(std::pair<std::string, std::string>("Authorization", "Bearer token-2")));
    ports_.answer(1, 201);
    ASSERT_TRUE(ends(asked));
    EXPECT_EQ(asked->outcome->value().status, 201);
    EXPECT_THAT(states_, ElementsAre(State::reachable));
}

TEST_F(ApiConnection, hands_out_the_second_401_and_is_unreachable) {
    const auto asked = askAndSend();
    ports_.answer(0, 401);
    ASSERT_TRUE(sends(2));
    ports_.answer(1, 401, R"({"kind":"Status","reason":"Unauthorized","message":"Unauthorized"})");
    ASSERT_TRUE(ends(asked));
    EXPECT_EQ(asked->outcome->value().status, 401);
    EXPECT_THAT(ports_.sent, SizeIs(2));
    EXPECT_THAT(states_, ElementsAre(State::unreachable));
    EXPECT_EQ(connection_->health().problem,
              "https://one:6443 does not accept the credentials of /etc/kubernetes/kubelet.conf: "
              "401 Unauthorized: Unauthorized");
}

TEST_F(ApiConnection, reports_refused_credentials_once_for_all_that_used_them) {
    const auto first = askAndSend();
    const auto second = askAndSend();
    const auto third = askAndSend();
    ports_.answer(0, 401);
    ports_.answer(1, 401);
    has({"https://one:6443"}); // new ones
    ASSERT_TRUE(sends(5));
    ports_.answer(2, 401);
    ASSERT_TRUE(sends(6));
    EXPECT_EQ(ports_.timesRefused, 1);
    ports_.answer(3, 401); // the new ones, too
    EXPECT_EQ(ports_.timesRefused, 1) << "that one had its second try";
    const auto fourth = askAndSend();
    ports_.answer(6, 401);
    EXPECT_EQ(ports_.timesRefused, 2);
}

// Several servers.

TEST_F(ApiConnection, goes_to_the_next_server_and_stays_there) {
    has({"https://one:6443", "https://two:6443"});
    const auto first = askAndSend();
    ports_.failWith(0, ECONNREFUSED);
    ASSERT_TRUE(sends(2));
    EXPECT_EQ(ports_.url(1), "https://two:6443/api");
    ports_.answer(1, 200);
    ASSERT_TRUE(ends(first));
    EXPECT_EQ(first->outcome->value().status, 200);
    const auto second = askAndSend();
    EXPECT_EQ(ports_.url(2), "https://two:6443/api");
    EXPECT_THAT(states_, ElementsAre(State::reachable)) << "one of two is no failure";
    EXPECT_EQ(connection_->health().server, "https://two:6443");
}

TEST_F(ApiConnection, does_not_send_a_write_twice_that_may_have_arrived) {
    has({"https://one:6443", "https://two:6443"});
    const auto first = askAndSend(http::Method::post);
    ports_.failWith(0, ECONNRESET);
    ASSERT_TRUE(ends(first));
    EXPECT_FALSE(*first->outcome);
    EXPECT_THAT(ports_.sent, SizeIs(1));
    const auto second = askAndSend(http::Method::post);
    EXPECT_EQ(ports_.url(1), "https://two:6443/api");
    ports_.failWith(1, ECONNREFUSED); // nothing can have arrived
    ASSERT_TRUE(sends(3));
    EXPECT_EQ(ports_.url(2), "https://one:6443/api");
}

TEST_F(ApiConnection, asks_each_server_once_and_then_says_that_none_answers) {
    has({"https://one:6443", "https://two:6443"});
    const auto asked = askAndSend();
    ports_.failWith(0, ECONNREFUSED);
    ASSERT_TRUE(sends(2));
    ports_.failWith(1, ECONNREFUSED);
    ASSERT_TRUE(ends(asked));
    settle();
    EXPECT_THAT(ports_.sent, SizeIs(2));
    EXPECT_EQ(asked->outcome->error().what, "GET https://two:6443/api: failed");
    EXPECT_THAT(states_, ElementsAre(State::unreachable));
    EXPECT_EQ(connection_->health().problem, "GET https://two:6443/api: failed");
}

TEST_F(ApiConnection, does_not_skip_a_server_when_several_requests_fail_on_one) {
    has({"https://one:6443", "https://two:6443", "https://three:6443"});
    const auto first = askAndSend();
    const auto second = askAndSend();
    ports_.failWith(0, ECONNREFUSED);
    ports_.failWith(1, ECONNREFUSED);
    ASSERT_TRUE(sends(4));
    EXPECT_EQ(ports_.url(2), "https://two:6443/api");
    EXPECT_EQ(ports_.url(3), "https://two:6443/api");
}

TEST_F(ApiConnection, stays_with_a_server_that_answers_500) {
    has({"https://one:6443", "https://two:6443"});
    const auto first = askAndSend();
    ports_.answer(0, 503);
    const auto second = askAndSend();
    EXPECT_EQ(ports_.url(1), "https://one:6443/api");
}

// Health.

TEST_F(ApiConnection, says_nothing_before_something_was_asked) {
    settle();
    EXPECT_EQ(connection_->health(), ApiHealth{});
    EXPECT_THAT(states_, IsEmpty());
    EXPECT_EQ(ports_.timesAsked, 0);
}

TEST_F(ApiConnection, tells_transitions_only) {
    for (const int status : {200, 404, 403, 409, 422, 429, 503, 504, 502, 200}) {
        const auto asked = askAndSend();
        ports_.answer(ports_.sent.size() - 1, status);
        ASSERT_TRUE(ends(asked));
    }
    EXPECT_THAT(states_, ElementsAre(State::reachable, State::unreachable, State::reachable));
    EXPECT_EQ(connection_->health().user, "system:node:node-a");
    EXPECT_EQ(connection_->health().problem, "");
}

TEST_F(ApiConnection, does_not_take_the_500_of_a_write_for_a_broken_server) {
    const auto eviction = askAndSend(http::Method::post); // a pod with two disruption budgets
    ports_.answer(0, 500);
    ASSERT_TRUE(ends(eviction));
    EXPECT_THAT(states_, ElementsAre(State::reachable));
    const auto list = askAndSend();
    ports_.answer(1, 500, "etcd is away");
    ASSERT_TRUE(ends(list));
    EXPECT_EQ(connection_->health().problem, "https://one:6443 answered 500: etcd is away");
}

TEST_F(ApiConnection, counts_a_watch_that_brings_something_as_an_answer) {
    const auto watch = askAndSend(http::Method::get, true);
    EXPECT_TRUE(ports_.sent[0]->receive("{}\n"));
    EXPECT_THAT(states_, IsEmpty()) << "not while libcurl is in use";
    settle();
    EXPECT_THAT(states_, ElementsAre(State::reachable));
    EXPECT_EQ(watch->streamed, "{}\n");
    ports_.failWith(0, ECONNRESET);
    ASSERT_TRUE(ends(watch));
    EXPECT_THAT(states_, ElementsAre(State::reachable)) << "its end alone says nothing";
}

TEST_F(ApiConnection, does_not_blame_the_server_for_what_its_caller_stopped) {
    const auto watch = askAndSend(http::Method::get, true);
    EXPECT_FALSE(ports_.sent[0]->receive("stop"));
    ports_.failWith(0, 0);
    ASSERT_TRUE(ends(watch));
    EXPECT_THAT(ports_.sent, SizeIs(1));
    EXPECT_THAT(states_, ElementsAre(State::reachable));
}

TEST_F(ApiConnection, does_not_listen_to_a_server_that_it_has_turned_away_from) {
    has({"https://one:6443", "https://two:6443"});
    const auto old = askAndSend();
    const auto first = askAndSend();
    ports_.failWith(1, ECONNREFUSED);
    ASSERT_TRUE(sends(3));
    ports_.answer(2, 200);
    ASSERT_TRUE(ends(first));
    ports_.answer(0, 503); // it is going down
    ASSERT_TRUE(ends(old));
    EXPECT_THAT(states_, ElementsAre(State::reachable));
    EXPECT_EQ(connection_->health().server, "https://two:6443");
}

TEST_F(ApiConnection, survives_callbacks_that_throw) {
    connection_->onHealthChange([] { throw std::runtime_error("health"); });
    auto call = connection_->send({.path = "/api"},
                                  [](const Result<http::Answer>&) { throw std::logic_error("x"); });
    ASSERT_TRUE(sends(1));
    ports_.answer(0, 200);
    const auto next = askAndSend();
    ports_.answer(1, 200);
    EXPECT_TRUE(ends(next));
}

// Bounds.

TEST_F(ApiConnection, sends_sixteen_at_once_and_the_others_in_their_order) {
    std::vector<std::shared_ptr<Asked>> asked;
    for (int count = 0; count < 18; ++count) {
        asked.push_back(ask());
    }
    ASSERT_TRUE(sends(16));
    settle();
    EXPECT_THAT(ports_.sent, SizeIs(16));
    ports_.answer(3, 200);
    ASSERT_TRUE(sends(17));
    asked[5]->call.cancel();
    ASSERT_TRUE(sends(18));
    EXPECT_TRUE(ports_.sent[5]->cancelled);
}

TEST_F(ApiConnection, refuses_a_request_when_the_queue_is_full) {
    ports_.access.reset();
    std::vector<std::shared_ptr<Asked>> asked;
    for (int count = 0; count < 512; ++count) {
        asked.push_back(ask());
    }
    const auto tooMany = ask(http::Method::patch);
    ASSERT_TRUE(ends(tooMany));
    EXPECT_EQ(
        tooMany->outcome->error().what,
        "PATCH to the API server: 512 requests are waiting already, so this one was not sent");
    EXPECT_EQ(tooMany->outcome->error().code, EBUSY);
    EXPECT_THAT(states_, IsEmpty());
    asked.back()->call.cancel();
    settle(); // 16 have left the queue
    const auto fits = ask();
    settle();
    EXPECT_FALSE(fits->outcome);
}

TEST_F(ApiConnection, lets_requests_wait_that_come_faster_than_ten_a_second) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<Asked>> asked;
    for (std::size_t count = 0; count < 24; ++count) {
        asked.push_back(ask());
        ASSERT_TRUE(sends(count + 1));
        ports_.answer(count, 200);
    }
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 390ms) << "four more than the burst";
}

// Cancelling, at each stage.

TEST_F(ApiConnection, cancels_what_waits) {
    auto asked = ask();
    asked->call.cancel();
    settle();
    EXPECT_EQ(ports_.timesAsked, 0);
    EXPECT_FALSE(asked->outcome);
}

TEST_F(ApiConnection, cancels_what_waits_for_credentials) {
    const auto access = std::exchange(ports_.access, nullptr);
    auto asked = ask();
    ASSERT_TRUE(loop_.runUntil([&] { return !ports_.asking.empty(); }));
    asked->call.cancel();
    ports_.asking.front()(access);
    settle();
    EXPECT_THAT(ports_.sent, IsEmpty());
    EXPECT_FALSE(asked->outcome);
}

TEST_F(ApiConnection, cancels_what_is_sent) {
    auto asked = askAndSend();
    asked->call.cancel();
    EXPECT_TRUE(ports_.sent[0]->cancelled);
    settle();
    EXPECT_FALSE(asked->outcome);
}

TEST_F(ApiConnection, cancels_between_two_tries) {
    auto asked = askAndSend();
    ports_.answer(0, 401);
    asked->call.cancel();
    settle();
    EXPECT_THAT(ports_.sent, SizeIs(1));
    EXPECT_FALSE(asked->outcome);
}

TEST_F(ApiConnection, cancels_what_is_answered_but_not_told_yet) {
    auto asked = askAndSend();
    ports_.answer(0, 200);
    asked->call.cancel();
    settle();
    EXPECT_FALSE(asked->outcome);
}

TEST_F(ApiConnection, may_be_destroyed_at_every_stage) {
    const auto access = ports_.access;
    const auto answered = askAndSend();
    const auto sent = askAndSend();
    ports_.access.reset();
    const auto asking = ask();
    ASSERT_TRUE(loop_.runUntil([&] { return !ports_.asking.empty(); }));
    ports_.answer(0, 200);
    const auto waiting = ask();
    connection_.reset();
    EXPECT_TRUE(ports_.sent[1]->cancelled);
    ports_.asking.front()(access);
    ports_.sent[1]->done(http::Answer{.status = 200});
    settle();
    for (const auto& each : {answered, sent, asking, waiting}) {
        EXPECT_FALSE(each->outcome);
        each->call.cancel();
    }
}

TEST_F(ApiConnection, may_be_destroyed_by_an_answer_and_by_news) {
    auto call = connection_->send({.path = "/api"},
                                  [this](const Result<http::Answer>&) { connection_.reset(); });
    const auto other = ask();
    ASSERT_TRUE(sends(2));
    ports_.answer(0, 200);
    ports_.answer(1, 200);
    EXPECT_TRUE(loop_.runUntil([this] { return !connection_.has_value(); }));
    settle();
    EXPECT_FALSE(other->outcome);

    connection_.emplace(loop_.raw(), ports_.ports());
    connection_->onHealthChange([this] { connection_.reset(); });
    const auto last = askAndSend();
    ports_.answer(2, 200);
    EXPECT_TRUE(loop_.runUntil([this] { return !connection_.has_value(); }));
}

TEST_F(ApiConnection, may_be_asked_again_from_within_an_answer) {
    bool again = false;
    http::Call second;
    auto first = connection_->send({.path = "/api"}, [&](const Result<http::Answer>&) {
        second = connection_->send({.path = "/again"},
                                   [&](const Result<http::Answer>&) { again = true; });
    });
    ASSERT_TRUE(sends(1));
    ports_.answer(0, 200);
    ASSERT_TRUE(sends(2));
    ports_.answer(1, 200);
    EXPECT_TRUE(loop_.runUntil([&] { return again; }));
}

} // namespace
} // namespace plimsoll::kube
