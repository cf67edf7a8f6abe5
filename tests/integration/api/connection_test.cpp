// SPDX-License-Identifier: Apache-2.0
// A Connection against real servers of mutual TLS on the loopback.
#include "kube/api/connection.hpp"
#include "kube/api/ports.hpp"
#include "kube/api/status.hpp"
#include "tests/integration/api/node_server.hpp"
#include "tests/integration/http/loop.hpp"

#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <optional>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using plimsoll::test::Certificates;
using plimsoll::test::closedPort;
using plimsoll::test::Loop;
using plimsoll::test::NodeServer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;
using State = ApiHealth::State;

const Certificates& certificates() {
    static const Certificates kAll;
    return kAll;
}

Access accessOf(const std::string& user) {
    return plimsoll::test::accessOf(certificates(), user);
}

/// libcurl as in the daemon; credentials as the test has them.
class OverTls : public testing::Test {
protected:
    OverTls() {
        server_.emplace(certificates());
        use(accessOf("system:node:node-a"));
        connection_->onHealthChange([this] { states_.push_back(connection_->health().state); });
    }
    ~OverTls() override {
        connection_.reset();
        release();
    }

    ApiPorts ports() {
        const auto client = std::make_shared<http::Client>(loop_.raw(), kMostAtOnce);
        return {.credentials = [this](const Credentials::Ready& ready) { ready(access_); },
                .refused =
                    [this] {
                        refused_++;
                        if (newer_) {
                            access_ = newer_;
                        }
                    },
                .start =
                    [client](http::Request request, Api::Receive receive, Api::Done done) {
                        return client->start(std::move(request), std::move(receive),
                                             std::move(done));
                    }};
    }
    std::shared_ptr<const Access> made(Access access, std::vector<std::string> servers = {}) {
        access.servers = servers.empty() ? std::vector{server_->url()} : std::move(servers);
        return std::make_shared<const Access>(std::move(access));
    }
    void use(Access access, std::vector<std::string> servers = {}) {
        access_ = made(std::move(access), std::move(servers));
    }
    /// "/whoami" answers the user's name.
    static void tellUser(NodeServer& server) {
        server.routes().Get("/whoami",
                            [](const httplib::Request& request, httplib::Response& response) {
                                response.set_content(test::userOf(request), "text/plain");
                            });
    }
    /// "/watch" sends a line and then nothing until the test is over.
    void watchable(NodeServer& server) {
        server.routes().Get("/watch", [this](const httplib::Request&, httplib::Response& response) {
            response.set_chunked_content_provider(
                "application/json", [this](std::size_t offset, httplib::DataSink& sink) {
                    if (offset == 0) {
                        return sink.write("{}\n", 3);
                    }
                    over_.wait();
                    sink.done();
                    return true;
                });
        });
    }
    void release() {
        if (!std::exchange(released_, true)) {
            release_.set_value();
        }
    }
    Result<http::Answer> ask(ApiRequest request) {
        std::optional<Result<http::Answer>> result;
        const auto call = connection_->send(
            std::move(request), [&](Result<http::Answer> answer) { result = std::move(answer); });
        EXPECT_TRUE(loop_.runUntil([&] { return result.has_value(); }, 30s));
        return result.value_or(fail(0, "nothing came back"));
    }
    std::string textOf(const std::string& path) {
        const auto answer = ask({.path = path});
        return answer ? answer->body : answer.error().what;
    }
    int statusOf(const std::string& path) {
        const auto answer = ask({.path = path});
        return answer ? answer->status : 0;
    }

    Loop loop_;
    std::promise<void> release_;
    std::shared_future<void> over_ = release_.get_future().share();
    bool released_ = false;
    std::optional<NodeServer> server_; // goes before what its threads wait for
    std::shared_ptr<const Access> access_;
    std::shared_ptr<const Access> newer_; ///< there once the others are refused
    int refused_ = 0;
    std::optional<Connection> connection_{std::in_place, loop_.raw(), ports()};
    std::vector<State> states_;
};

TEST_F(OverTls, a_node_is_known_by_its_certificate) {
    tellUser(*server_);
    server_->start();
    EXPECT_EQ(textOf("/whoami"), "system:node:node-a");
    EXPECT_EQ(connection_->health(), (ApiHealth{.state = State::reachable,
                                                .server = server_->url(),
                                                .user = "system:node:node-a"}));
}

TEST_F(OverTls, a_certificate_that_was_rotated_is_shown_though_connections_are_kept) {
    tellUser(*server_);
    server_->start();
    EXPECT_EQ(textOf("/whoami"), "system:node:node-a");
    use(accessOf("system:node:node-b"));
    EXPECT_EQ(textOf("/whoami"), "system:node:node-b");
    EXPECT_EQ(textOf("/whoami"), "system:node:node-b");
    EXPECT_THAT(states_, ElementsAre(State::reachable, State::reachable)) << "another user";
}

TEST_F(OverTls, a_watch_goes_on_while_the_certificate_is_rotated) {
    tellUser(*server_);
    watchable(*server_);
    server_->start();
    std::string streamed;
    std::optional<Result<http::Answer>> ended;
    const auto watch = connection_->send(
        {.path = "/watch", .timeout = 0ms},
        [&](std::string_view piece) {
            streamed += piece;
            return true;
        },
        [&](Result<http::Answer> answer) { ended = std::move(answer); });
    ASSERT_TRUE(loop_.runUntil([&] { return streamed == "{}\n"; }, 30s));
    use(accessOf("system:node:node-b"));
    EXPECT_EQ(textOf("/whoami"), "system:node:node-b");
    EXPECT_FALSE(ended);
    release();
    ASSERT_TRUE(loop_.runUntil([&] { return ended.has_value(); }, 30s));
    EXPECT_EQ(ended->value().status, 200);
    EXPECT_EQ(ended->value().body, "");
}

TEST_F(OverTls, a_401_is_answered_with_the_new_certificate) {
    std::atomic<int> asked = 0;
    server_->routes().Patch(
        "/api", [&](const httplib::Request& request, httplib::Response& response) {
            asked++;
            const bool known = test::userOf(request) == "system:node:node-a.new";
            response.status = known ? 200 : 401;
            response.set_content(request.body, "application/json");
        });
    server_->start();
    newer_ = made(accessOf("system:node:node-a.new"));
    const auto answer = ask({.method = http::Method::patch,
                             .path = "/api",
                             .contentType = "application/merge-patch+json",
                             .body = R"({"spec":{}})"});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, R"({"spec":{}})") << "the second try has the body, too";
    EXPECT_EQ(refused_, 1);
    EXPECT_EQ(asked, 2);
    EXPECT_THAT(states_, ElementsAre(State::reachable));
}

TEST_F(OverTls, the_second_401_is_the_answer_and_the_next_request_tries_again) {
    std::atomic<bool> known = false;
    server_->routes().Get("/api", [&](const httplib::Request&, httplib::Response& response) {
        response.status = known ? 200 : 401;
    });
    server_->start();
    EXPECT_EQ(statusOf("/api"), 401);
    EXPECT_EQ(refused_, 1);
    EXPECT_THAT(connection_->health().problem, HasSubstr("does not accept the credentials of"));
    known = true;
    EXPECT_EQ(statusOf("/api"), 200);
    EXPECT_THAT(states_, ElementsAre(State::unreachable, State::reachable));
}

TEST_F(OverTls, a_server_that_is_away_is_left_for_the_next_one) {
    tellUser(*server_);
    server_->start();
    const auto away = "https://127.0.0.1:" + std::to_string(closedPort());
    use(accessOf("system:node:node-a"), {away, server_->url()});
    EXPECT_EQ(textOf("/whoami"), "system:node:node-a");
    EXPECT_EQ(connection_->health().server, server_->url());
    EXPECT_THAT(states_, ElementsAre(State::reachable));
}

TEST_F(OverTls, a_write_that_did_not_leave_goes_to_the_next_server) {
    std::atomic<int> written = 0;
    server_->routes().Post("/api", [&](const httplib::Request&, httplib::Response& response) {
        written++;
        response.status = 201;
    });
    server_->start();
    const auto away = "https://127.0.0.1:" + std::to_string(closedPort());
    use(accessOf("system:node:node-a"), {away, server_->url()});
    const auto answer = ask({.method = http::Method::post, .path = "/api", .body = "{}"});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(answer->status, 201);
    EXPECT_EQ(written, 1);
}

TEST_F(OverTls, the_server_dies_and_comes_back) {
    tellUser(*server_);
    server_->start();
    EXPECT_EQ(statusOf("/whoami"), 200);
    const auto url = server_->url();
    const auto port = server_->port();
    server_.reset();
    EXPECT_THAT(textOf("/whoami"), StartsWith("GET " + url + "/whoami: "));
    EXPECT_EQ(connection_->health().state, State::unreachable);
    EXPECT_EQ(connection_->health().problem,
              "GET " + url + "/whoami: cannot connect: Connection refused");
    server_.emplace(certificates(), port);
    tellUser(*server_);
    server_->start();
    EXPECT_EQ(statusOf("/whoami"), 200);
    EXPECT_THAT(states_, ElementsAre(State::reachable, State::unreachable, State::reachable));
}

TEST_F(OverTls, a_server_of_another_ca_is_not_reached) {
    tellUser(*server_);
    server_->start();
    auto access = accessOf("system:node:node-a");
    access.caPem = plimsoll::test::contentOf(certificates().otherCa());
    use(access);
    EXPECT_THAT(textOf("/whoami"), HasSubstr("is not trusted"));
    EXPECT_THAT(states_, ElementsAre(State::unreachable));
    EXPECT_EQ(connection_->health().problem.find("PRIVATE"), std::string::npos);
}

TEST_F(OverTls, retry_after_passes_through) {
    server_->routes().Post("/evict", [](const httplib::Request&, httplib::Response& response) {
        response.status = 429;
        response.set_header("Retry-After", "10");
        response.set_content(R"({"kind":"Status","reason":"TooManyRequests","message":"wait"})",
                             "application/json");
    });
    server_->start();
    const auto answer = ask({.method = http::Method::post, .path = "/evict", .body = "{}"});
    ASSERT_TRUE(answer) << answer.error().what;
    EXPECT_EQ(readStatus(*answer).retryAfter, 10s);
    EXPECT_EQ(readStatus(*answer).text(), "429 TooManyRequests: wait");
    EXPECT_EQ(connection_->health().state, State::reachable);
}

TEST_F(OverTls, a_refused_watch_has_its_status_in_the_answer) {
    server_->routes().Get("/watch", [](const httplib::Request&, httplib::Response& response) {
        response.status = 410;
        response.set_content(R"({"kind":"Status","reason":"Expired","code":410})",
                             "application/json");
    });
    server_->start();
    std::optional<Result<http::Answer>> ended;
    bool streamed = false;
    const auto watch = connection_->send(
        {.path = "/watch", .timeout = 0ms}, [&](std::string_view) { return streamed = true; },
        [&](Result<http::Answer> answer) { ended = std::move(answer); });
    ASSERT_TRUE(loop_.runUntil([&] { return ended.has_value(); }, 30s));
    ASSERT_TRUE(*ended) << ended->error().what;
    EXPECT_EQ(readStatus(**ended).reason, "Expired");
    EXPECT_FALSE(streamed);
}

TEST_F(OverTls, an_answer_of_more_than_4_mib_is_none) {
    server_->routes().Get("/large", [](const httplib::Request&, httplib::Response& response) {
        response.set_content(std::string(std::size_t{5} << 20U, 'x'), "application/json");
    });
    server_->start();
    EXPECT_THAT(textOf("/large"), HasSubstr("more than 4 MiB"));
}

TEST_F(OverTls, it_says_who_it_is) {
    std::mutex mutex;
    std::string agent, accept;
    bool authorized = false;
    server_->routes().Get("/api", [&](const httplib::Request& request, httplib::Response&) {
        const std::lock_guard lock(mutex);
        agent = request.get_header_value("User-Agent");
        accept = request.get_header_value("Accept");
        authorized = request.has_header("Authorization");
    });
    server_->start();
    auto access = accessOf("system:node:node-a");
    access.bearerToken = "not beside a certificate";
    use(access);
    EXPECT_EQ(statusOf("/api"), 200);
    const std::lock_guard lock(mutex);
    EXPECT_THAT(agent, StartsWith("plimsolld/"));
    EXPECT_EQ(accept, "application/json");
    EXPECT_FALSE(authorized);
}

TEST_F(OverTls, a_request_may_be_cancelled_at_any_moment) {
    tellUser(*server_);
    watchable(*server_);
    server_->start();
    // Before it is sent, while it connects, while it waits and while it is answered.
    for (const auto moment : {0ms, 1ms, 2ms, 4ms, 8ms, 16ms, 50ms}) { // the server has 8 threads
        bool told = false;
        auto call = connection_->send(
            {.path = "/watch", .timeout = 0ms}, [](std::string_view) { return true; },
            [&](const Result<http::Answer>&) { told = true; });
        loop_.runFor(moment);
        call.cancel();
        loop_.runFor(5ms);
        EXPECT_FALSE(told);
    }
    release();
    EXPECT_EQ(statusOf("/whoami"), 200) << "nothing was left behind";
}

TEST_F(OverTls, it_may_be_destroyed_with_requests_under_way) {
    tellUser(*server_);
    watchable(*server_);
    server_->start();
    bool told = false;
    bool streamed = false;
    const auto done = [&](const Result<http::Answer>&) { told = true; };
    const auto watch = connection_->send(
        {.path = "/watch", .timeout = 0ms}, [&](std::string_view) { return streamed = true; },
        done);
    ASSERT_TRUE(loop_.runUntil([&] { return streamed; }, 30s));
    const auto connecting = connection_->send({.path = "/whoami"}, done);
    loop_.runFor(1ms);
    const auto waiting = connection_->send({.path = "/whoami"}, done);
    connection_.reset();
    loop_.runFor(50ms);
    EXPECT_FALSE(told);
}

} // namespace
} // namespace plimsoll::kube
