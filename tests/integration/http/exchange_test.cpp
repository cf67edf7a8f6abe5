// SPDX-License-Identifier: Apache-2.0
// Methods, streamed bodies, kept connections and proxies, against real servers on the loopback.
#include "kube/http/retry_after.hpp"
#include "kube/http/route.hpp"
#include "tests/integration/http/asker.hpp"
#include "tests/integration/http/local_server.hpp"

#include <array>
#include <atomic>
#include <future>
#include <gmock/gmock.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plimsoll::kube::http {
namespace {

using namespace std::chrono_literals;
using test::Asker;
using test::LocalServer;
using test::RawServer;
using testing::EndsWith;
using testing::HasSubstr;

class HttpExchange : public testing::Test {
protected:
    Request to(const std::string& path) { return {.url = server_.url(path)}; }
    void answer(const std::string& path, int status, const std::string& body) {
        server_.routes().Get(path, [=](const httplib::Request&, httplib::Response& response) {
            response.status = status;
            response.set_content(body, "text/plain");
        });
    }

    Asker asker_;
    LocalServer server_;
};

TEST_F(HttpExchange, errors_begin_with_the_method) {
    server_.start();
    for (const auto& [method, word] : {std::pair{Method::get, "GET "},
                                       {Method::post, "POST "},
                                       {Method::patch, "PATCH "},
                                       {Method::put, "PUT "},
                                       {Method::remove, "DELETE "}}) {
        auto request = to("/nowhere");
        request.method = method;
        EXPECT_EQ(asker_.said(request), word + server_.url("/nowhere") + ": answered 404");
    }
}

TEST_F(HttpExchange, sends_method_type_and_body) {
    const auto echo = [](const httplib::Request& request, httplib::Response& response) {
        response.set_content(request.method + " " + request.get_header_value("Content-Type") + " " +
                                 request.get_header_value("Expect") + "[" + request.body + "]",
                             "text/plain");
    };
    server_.routes().Post("/", echo).Put("/", echo).Patch("/", echo).Delete("/", echo);
    server_.start();
    auto request = to("/");
    request.body = std::string("a\0b", 3);
    request.headers = {{"Content-Type", "application/merge-patch+json"}};
    for (const auto method : {Method::post, Method::patch, Method::put, Method::remove}) {
        request.method = method;
        EXPECT_EQ(asker_.said(request), std::string(name(method)) +
                                            " application/merge-patch+json [" + request.body + "]");
    }
    request.headers.clear();
    request.body.clear();
    request.method = Method::post;
    EXPECT_EQ(asker_.said(request), "POST  []");
    request.method = Method::remove;
    EXPECT_EQ(asker_.said(request), "DELETE  []");
    request.method = Method::put;
    request.body.assign(2'000'000, 'x'); // libcurl would ask with an Expect first
    request.largestBody = 3'000'000;
    EXPECT_EQ(asker_.said(request), "PUT  [" + request.body + "]");
}

TEST_F(HttpExchange, a_body_of_another_status_is_bounded_and_collected_though_somebody_receives) {
    answer("/gone", 410, "expired");
    server_.start();
    auto request = to("/gone");
    request.anyStatus = true;
    bool received = false;
    const auto receive = [&](std::string_view) { return received = true; };
    EXPECT_EQ(asker_.said(request, receive), "expired");
    request.largestBody = 3;
    EXPECT_THAT(asker_.said(request, receive), EndsWith(": more than 3 bytes"));
    EXPECT_FALSE(received);
}

TEST_F(HttpExchange, whoever_receives_may_have_enough_and_may_throw) {
    answer("/", 200, "something");
    server_.start();
    const auto enough = "GET " + server_.url("/") + ": whoever asked wants no more of the answer";
    EXPECT_EQ(asker_.said(to("/"), [](std::string_view) { return false; }), enough);
    EXPECT_EQ(asker_.said(to("/"), [](std::string_view) -> bool { throw 1; }), enough);
    EXPECT_EQ(asker_.said(to("/")), "something");
}

/// Sends pieces without end.
void talkOn(const RawServer::Send& send) {
    bool open = send("HTTP/1.1 200 OK\r\n\r\n");
    while (open) {
        open = send("piece");
        std::this_thread::sleep_for(1ms);
    }
}

TEST_F(HttpExchange, nothing_is_received_after_cancelling) {
    RawServer server(talkOn);
    int pieces = 0;
    bool done = false;
    auto call = asker_.client.start(
        {.url = "http://" + server.authority() + "/", .timeout = 0ms},
        [&](std::string_view) { return ++pieces > 0; },
        [&](const Result<Answer>&) { done = true; });
    EXPECT_TRUE(asker_.loop.runUntil([&] { return pieces > 2; }));
    call.cancel();
    const auto before = pieces;
    asker_.loop.runFor(50ms);
    EXPECT_EQ(pieces, before);
    EXPECT_FALSE(done);
}

TEST_F(HttpExchange, cancelling_against_the_rules_within_a_receive_ends_it) {
    RawServer server(talkOn);
    int pieces = 0;
    bool done = false;
    Call call;
    call = asker_.client.start(
        {.url = "http://" + server.authority() + "/", .timeout = 0ms},
        [&](std::string_view) {
            call.cancel();
            return ++pieces > 0;
        },
        [&](const Result<Answer>&) { done = true; });
    EXPECT_TRUE(asker_.loop.runUntil([&] { return pieces > 0; }));
    asker_.loop.runFor(50ms);
    EXPECT_EQ(pieces, 1);
    EXPECT_FALSE(done);
}

TEST_F(HttpExchange, destroying_the_client_within_a_receive_ends_it) {
    RawServer server(talkOn);
    auto client = std::make_unique<Client>(asker_.loop.raw(), 2);
    int pieces = 0;
    bool done = false;
    const auto call = client->start(
        {.url = "http://" + server.authority() + "/", .timeout = 0ms},
        [&](std::string_view) {
            client.reset();
            return ++pieces > 0;
        },
        [&](const Result<Answer>&) { done = true; });
    EXPECT_TRUE(asker_.loop.runUntil([&] { return pieces > 0; }));
    asker_.loop.runFor(50ms);
    EXPECT_EQ(pieces, 1);
    EXPECT_FALSE(done);
}

TEST_F(HttpExchange, a_callback_that_holds_another_call_may_be_cancelled) {
    RawServer server(talkOn);
    auto other = std::make_shared<Call>(asker_.client.start(
        {.url = "http://" + server.authority() + "/"}, [](const Result<Answer>&) {}));
    auto call = asker_.client.start({.url = "http://" + server.authority() + "/"},
                                    [other = std::move(other)](const Result<Answer>&) {});
    asker_.loop.runFor(10ms);
    call.cancel();
    asker_.loop.runFor(10ms);
}

TEST_F(HttpExchange, a_stream_without_end_is_received_beyond_the_bound) {
    RawServer server(talkOn);
    std::size_t bytes = 0;
    const auto said = asker_.said(
        {.url = "http://" + server.authority() + "/", .timeout = 0ms, .largestBody = 10},
        [&](std::string_view piece) { return (bytes += piece.size()) < 100; });
    EXPECT_THAT(said, EndsWith("wants no more of the answer"));
    EXPECT_GE(bytes, 100U);
}

TEST_F(HttpExchange, says_that_it_could_not_connect_in_time) {
    RawServer silent([](const RawServer::Send&) { std::this_thread::sleep_for(400ms); });
    const auto url = "https://" + silent.authority() + "/";
    EXPECT_EQ(asker_.said({.url = url, .timeout = 0ms, .connectTimeout = 100ms}),
              "GET " + url + ": cannot connect within 100 ms");
}

TEST_F(HttpExchange, says_how_long_to_stay_away) {
    server_.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
        response.status = 429;
        response.set_header("retry-after", "7");
    });
    answer("/soon", 429, "");
    server_.start();
    auto request = to("/");
    request.anyStatus = true;
    EXPECT_EQ(asker_.ask(request)->retryAfter, 7s);
    request.url = server_.url("/soon");
    EXPECT_EQ(asker_.ask(request)->retryAfter, std::nullopt);
}

TEST(RetryAfter, is_seconds_and_bounded) {
    EXPECT_EQ(readRetryAfter("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n"), std::nullopt);
    EXPECT_EQ(readRetryAfter("Retry-After: -1\r\n"), std::nullopt);
    EXPECT_EQ(readRetryAfter("Retry-After: 1.5\r\n"), std::nullopt);
    EXPECT_EQ(readRetryAfter("Retry-After: \r\n"), std::nullopt);
    EXPECT_EQ(readRetryAfter("Retry-Aft"), std::nullopt);
    EXPECT_EQ(readRetryAfter("X-Retry-After: 1\r\n"), std::nullopt);
    EXPECT_EQ(readRetryAfter("RETRY-AFTER:10 \r\n"), 10s);
    EXPECT_EQ(readRetryAfter("Retry-After: 99999999999999999999999\r\n"), 24h);
}

TEST_F(HttpExchange, what_is_unpacked_is_bounded) {
    server_.routes().Get("/", [](const httplib::Request& request, httplib::Response& response) {
        response.set_content(std::string(100'000, 'x') +
                                 request.get_header_value("Accept-Encoding"),
                             "application/json"); // which cpp-httplib packs when asked to
    });
    server_.start();
    auto request = to("/");
    EXPECT_EQ(asker_.said(request).size(), 100'000U);
    request.compressed = true;
    EXPECT_EQ(asker_.said(request), std::string(100'000, 'x') + "gzip");
    request.largestBody = 50'000;
    EXPECT_THAT(asker_.said(request), EndsWith(": more than 50000 bytes"));
}

/// Answers the first request of a connection and closes it upon the second one; counts both.
class ForgetfulServer {
public:
    ForgetfulServer() : listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        ::bind(listening_, generic, size);
        ::getsockname(listening_, generic, &size);
        port_ = ntohs(address.sin_port);
        ::listen(listening_, 4);
        thread_ = std::thread([this] {
            for (int fd = accept(); fd >= 0; fd = accept()) {
                talk(fd);
                ::close(fd);
            }
        });
    }
    ~ForgetfulServer() {
        ::shutdown(listening_, SHUT_RDWR);
        thread_.join();
        ::close(listening_);
    }
    ForgetfulServer(const ForgetfulServer&) = delete;
    ForgetfulServer& operator=(const ForgetfulServer&) = delete;

    [[nodiscard]] std::string url() const {
        return "http://127.0.0.1:" + std::to_string(port_) + "/";
    }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] int requests() const { return requests_; }

private:
    int accept() const { return ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC); }
    void talk(int fd) {
        ++connections_;
        if (read(fd)) {
            constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
            ::send(fd, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
            read(fd);
        }
    }
    /// A request whose end is its first piece: they are short.
    bool read(int fd) {
        std::array<char, 4096> buffer{};
        const bool something = ::recv(fd, buffer.data(), buffer.size(), 0) > 0;
        requests_ += something ? 1 : 0;
        return something;
    }

    int listening_;
    int port_ = 0;
    std::atomic<int> connections_ = 0;
    std::atomic<int> requests_ = 0;
    std::thread thread_;
};

TEST_F(HttpExchange, asks_once_more_when_a_kept_connection_is_closed_under_a_request) {
    for (const auto method : {Method::get, Method::patch, Method::post, Method::remove}) {
        ForgetfulServer server; // first: it waits until its connections are closed
        Asker asker;
        const Request request{
            .method = method, .url = server.url(), .body = "{}", .keepConnection = true};
        EXPECT_EQ(asker.said(request), "done");
        EXPECT_EQ(asker.said(request), "done") << name(method);
        EXPECT_EQ(server.connections(), 2) << name(method);
        EXPECT_EQ(server.requests(), 3) << name(method);
    }
}

TEST_F(HttpExchange, asks_once_more_only) {
    std::atomic<int> asked = 0;
    RawServer server([&](const RawServer::Send&) { ++asked; });
    EXPECT_THAT(asker_.said({.url = "http://" + server.authority() + "/", .keepConnection = true}),
                HasSubstr("closed"));
    EXPECT_EQ(asked, 1) << "a new connection is not tried again";
}

TEST_F(HttpExchange, goes_on_after_an_idle_connection_was_closed) {
    answer("/", 200, "there");
    server_.routes().set_keep_alive_timeout(1); // s
    server_.start();
    auto request = to("/");
    request.keepConnection = true;
    EXPECT_EQ(asker_.said(request), "there");
    std::this_thread::sleep_for(1500ms);
    EXPECT_EQ(asker_.said(request), "there");
}

TEST_F(HttpExchange, asks_a_given_proxy_but_never_for_loopback) {
    answer("/", 200, "direct");
    server_.start();
    const auto closed = "127.0.0.1:" + std::to_string(test::closedPort());
    for (const std::string scheme : {"http://", "https://", "socks5://"}) {
        auto request = to("/");
        request.proxy = scheme + closed;
        EXPECT_EQ(asker_.said(request), "direct") << scheme;
        request.url = "http://192.0.2.1/"; // RFC 5737: nobody's
        EXPECT_THAT(asker_.said(request), HasSubstr("cannot connect: Connection refused"));
    }
    auto request = to("/");
    request.proxy = "ftp://user:secret@" + closed;
    EXPECT_THAT(asker_.said(request), EndsWith("does not begin with http://, https:// or "
                                               "socks5://"));
}

TEST_F(HttpExchange, a_proxy_is_asked_for_a_tunnel) {
    std::promise<void> over;
    RawServer proxy([&](const RawServer::Send& send) {
        send("HTTP/1.1 200 Connected\r\nRetry-After: 5\r\n\r\n"
             "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthrough");
        over.get_future().wait(); // closing at once would reset the connection
    });
    const auto result =
        asker_.ask({.url = "http://api.example/", .proxy = "http://" + proxy.authority()});
    over.set_value();
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->body, "through");
    EXPECT_EQ(result->retryAfter, std::nullopt);
}

TEST(Route, knows_loopback) {
    for (const std::string host : {"localhost", "LocalHost", "127.0.0.1", "127.8.9.1", "[::1]"}) {
        EXPECT_TRUE(isLoopback(host)) << host;
    }
    for (const std::string host : {"localhost.example", "128.0.0.1", "10.0.0.1", "::2", ""}) {
        EXPECT_FALSE(isLoopback(host)) << host;
    }
}

TEST(Route, gives_the_url_the_name_of_the_certificate_and_keeps_address_and_host_header) {
    const auto route =
        routeOf({.url = "https://10.0.0.1:6443/a/../b?c=d", .tlsServerName = "kubernetes"});
    ASSERT_TRUE(route) << route.error().what;
    EXPECT_EQ(route->url, "https://kubernetes:6443/a/../b?c=d");
    EXPECT_EQ(route->hostHeader, "10.0.0.1:6443");
    EXPECT_EQ(route->connectTo, "kubernetes:6443:10.0.0.1:6443");
    const auto six = routeOf({.url = "https://[fd00::1]/", .tlsServerName = "kubernetes"});
    ASSERT_TRUE(six) << six.error().what;
    EXPECT_EQ(six->url, "https://kubernetes/");
    EXPECT_EQ(six->hostHeader, "[fd00::1]");
    EXPECT_EQ(six->connectTo, "kubernetes:443:[fd00::1]:443");
}

TEST(Route, refuses_a_name_that_is_none) {
    for (const std::string name : {"a b", "a/b", "u@h", "a:1", "a\r\nb"}) {
        EXPECT_FALSE(routeOf({.url = "https://10.0.0.1/", .tlsServerName = name})) << name;
    }
}

} // namespace
} // namespace plimsoll::kube::http
