// SPDX-License-Identifier: Apache-2.0
// The HTTP client against real servers on the loopback.
#include "kube/http/client.hpp"
#include "kube/http/sentences.hpp"
#include "tests/integration/http/local_server.hpp"
#include "tests/integration/http/loop.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <gmock/gmock.h>
#include <optional>

namespace plimsoll::kube::http {
namespace {

using namespace std::chrono_literals;
using test::Certificates;
using test::LocalServer;
using test::Loop;
using test::RawServer;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

/// A client, a server that is not started yet, and one question.
class HttpClient : public testing::Test {
protected:
    Result<Answer> ask(Request request) {
        std::optional<Result<Answer>> result;
        const auto call =
            client_.start(std::move(request), [&](Result<Answer> answer) { result = answer; });
        EXPECT_FALSE(result) << "called from within start()";
        EXPECT_TRUE(loop_.runUntil([&] { return result.has_value(); }));
        return result.value_or(fail(0, "nothing came back"));
    }
    std::string errorOf(Request request) {
        const auto result = ask(std::move(request));
        return result ? "answered: " + result->body : result.error().what;
    }
    Request to(const std::string& path) { return {.url = server_.url(path)}; }
    /// A path that answers only when the test is over.
    void hang(const std::string& path) {
        server_.routes().Get(path, [this](const httplib::Request&, httplib::Response&) {
            asked_++;
            over_.wait();
        });
    }
    ~HttpClient() override { release_.set_value(); }

    Loop loop_;
    Client client_{loop_.raw(), 4};
    std::atomic<int> asked_ = 0;
    std::promise<void> release_;
    std::shared_future<void> over_ = release_.get_future().share();
    LocalServer server_;
};

TEST_F(HttpClient, says_which_status_it_got) {
    server_.routes().Get("/broken", [](const httplib::Request&, httplib::Response& response) {
        response.status = 500;
    });
    server_.start();
    EXPECT_EQ(errorOf(to("/nowhere")), "GET " + server_.url("/nowhere") + ": answered 404");
    EXPECT_EQ(errorOf(to("/broken")), "GET " + server_.url("/broken") + ": answered 500");
}

TEST_F(HttpClient, hands_over_any_status_to_who_asks_for_it) {
    server_.start();
    auto request = to("/nowhere");
    request.anyStatus = true;
    const auto result = ask(request);
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->status, 404);
}

TEST_F(HttpClient, does_not_follow_a_redirect) {
    server_.routes().Get("/away", [](const httplib::Request&, httplib::Response& response) {
        response.set_redirect("/home");
    });
    server_.routes().Get("/home",
                         [this](const httplib::Request&, httplib::Response&) { asked_++; });
    server_.start();
    EXPECT_THAT(errorOf(to("/away")), HasSubstr("answered 302, and redirects are not followed"));
    EXPECT_EQ(asked_, 0);
}

TEST_F(HttpClient, gives_up_after_the_time_out_and_does_not_name_the_query) {
    hang("/slow");
    server_.start();
    auto request = to("/slow?token=secret");
    request.timeout = 150ms;
    const auto before = std::chrono::steady_clock::now();
    const auto result = ask(request);
    const auto took = std::chrono::steady_clock::now() - before;
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().what, "GET " + server_.url("/slow") + ": timed out after 150 ms");
    EXPECT_EQ(result.error().code, ETIMEDOUT);
    EXPECT_GE(took, 150ms);
    EXPECT_LT(took, 3s);
}

TEST_F(HttpClient, stops_reading_a_body_without_end) {
    server_.routes().Get("/endless", [](const httplib::Request&, httplib::Response& response) {
        response.set_chunked_content_provider("text/plain", [](std::size_t, httplib::DataSink& to) {
            const std::string chunk(64 * 1024, 'x');
            return to.write(chunk.data(), chunk.size());
        });
    });
    server_.start();
    EXPECT_EQ(errorOf(to("/endless")), "GET " + server_.url("/endless") + ": more than 1 MiB");
}

TEST_F(HttpClient, stops_reading_headers_without_end) {
    std::atomic<std::size_t> sent = 0;
    std::string error;
    {
        const RawServer server([&sent](const RawServer::Send& send) {
            const std::string header = "X-More: " + std::string(1000, 'x') + "\r\n";
            bool going = send("HTTP/1.1 200 OK\r\n");
            while (going && sent < std::size_t{64} * 1024 * 1024) {
                going = send(header);
                sent += header.size();
            }
        });
        error = errorOf({.url = "http://" + server.authority() + "/"});
    }
    EXPECT_THAT(error, EndsWith(": more than 64 KiB of headers"));
    EXPECT_GT(sent, 0U) << error;
    // What both sides' sockets hold is part of it.
    EXPECT_LT(sent, std::size_t{16} * 1024 * 1024) << error;
}

TEST_F(HttpClient, a_byte_now_and_then_does_not_put_off_the_time_out) {
    const RawServer server([](const RawServer::Send& send) {
        bool going = send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        for (int times = 0; going && times < 1000; ++times) {
            std::this_thread::sleep_for(10ms);
            going = send("1");
        }
    });
    const auto before = std::chrono::steady_clock::now();
    EXPECT_THAT(errorOf({.url = "http://" + server.authority() + "/", .timeout = 200ms}),
                HasSubstr(": timed out after 200 ms"));
    EXPECT_LT(std::chrono::steady_clock::now() - before, 3s);
}

TEST_F(HttpClient, does_not_wait_for_ever_for_a_tls_handshake) {
    std::promise<void> over;
    const RawServer server([&over](const RawServer::Send&) { over.get_future().wait(); });
    EXPECT_THAT(errorOf({.url = "https://" + server.authority() + "/", .timeout = 200ms}),
                HasSubstr(": timed out after 200 ms"));
    over.set_value();
}

TEST_F(HttpClient, says_that_it_is_no_http) {
    const RawServer server([](const RawServer::Send& send) { send("220 smtp.example.com\r\n"); });
    EXPECT_EQ(errorOf({.url = "http://" + server.authority() + "/"}),
              "GET http://" + server.authority() + "/: Received HTTP/0.9 when not allowed");
}

TEST_F(HttpClient, takes_a_body_of_just_the_bound) {
    server_.routes().Get("/ten", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("0123456789", "text/plain");
    });
    server_.start();
    auto request = to("/ten");
    request.largestBody = 10;
    EXPECT_TRUE(ask(request));
    request.largestBody = 9;
    EXPECT_THAT(errorOf(request), HasSubstr(": more than 9 bytes"));
}

TEST_F(HttpClient, notices_that_the_connection_closed_half_way) {
    server_.routes().Get("/half", [](const httplib::Request&, httplib::Response& response) {
        response.set_content_provider(1000, "text/plain",
                                      [](std::size_t, std::size_t, httplib::DataSink& to) {
                                          to.write("half", 4);
                                          return false;
                                      });
    });
    server_.start();
    EXPECT_EQ(errorOf(to("/half")),
              "GET " + server_.url("/half") + ": the connection was closed within the answer");
}

TEST_F(HttpClient, says_that_nobody_listens) {
    const auto url = "http://127.0.0.1:" + std::to_string(test::closedPort()) + "/";
    const auto result = ask({.url = url});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().what, "GET " + url + ": cannot connect: Connection refused");
    EXPECT_EQ(result.error().code, ECONNREFUSED);
}

TEST_F(HttpClient, refuses_what_is_not_http_or_could_forge_a_header) {
    EXPECT_THAT(errorOf({.url = "file:///etc/hostname"}), StartsWith("GET file:///etc/hostname: "));
    EXPECT_THAT(errorOf({.url = "nonsense://x"}), StartsWith("GET nonsense://x: "));
    EXPECT_THAT(errorOf({.url = ""}), StartsWith("GET : "));
    server_.start();
    auto request = to("/");
    request.headers = {{"X-One", "1\r\nX-Two: 2"}};
    EXPECT_THAT(errorOf(request), HasSubstr("has more than one line"));
    EXPECT_THAT(
        errorOf({.url = "http://name:secret@127.0.0.1/"}),
        testing::AllOf(StartsWith("GET http://127.0.0.1/: "), testing::Not(HasSubstr("secret"))));
}

TEST_F(HttpClient, does_not_ask_a_proxy_of_the_environment) {
    const auto proxy = "http://127.0.0.1:" + std::to_string(test::closedPort());
    ::setenv("http_proxy", proxy.c_str(), 1);
    server_.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("direct", "text/plain");
    });
    server_.start();
    const auto direct = ask(to("/"));
    auto request = to("/");
    request.proxyFromEnvironment = true;
    const auto throughProxy = errorOf(request);
    ::unsetenv("http_proxy");
    ASSERT_TRUE(direct) << direct.error().what;
    EXPECT_EQ(direct->body, "direct");
    EXPECT_THAT(throughProxy, HasSubstr("cannot connect"));
}

TEST_F(HttpClient, sends_headers_and_returns_body_and_type) {
    server_.routes().Get("/echo", [](const httplib::Request& request, httplib::Response& response) {
        response.set_content(request.get_header_value("X-Scope") + "|" +
                                 request.get_header_value("User-Agent"),
                             "application/json");
    });
    server_.start();
    auto request = to("/echo");
    request.headers = {{"X-Scope", "node"}};
    const auto result = ask(request);
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->status, 200);
    EXPECT_EQ(result->body, "node|plimsolld");
    EXPECT_EQ(result->contentType, "application/json");
}

TEST_F(HttpClient, reaches_an_ipv6_address) {
    std::optional<LocalServer> six;
    try {
        six.emplace("::1");
    } catch (const std::runtime_error&) {
        GTEST_SKIP() << "no ::1 here";
    }
    six->routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("six", "text/plain");
    });
    six->start();
    const auto result = ask({.url = six->url("/")});
    ASSERT_TRUE(result) << result.error().what;
    EXPECT_EQ(result->body, "six");
}

TEST_F(HttpClient, asks_fifty_at_once_but_never_more_than_four_of_them) {
    std::atomic<int> now = 0;
    std::atomic<int> most = 0;
    server_.routes().Get("/pod", [&](const httplib::Request&, httplib::Response& response) {
        const int mine = ++now;
        for (int seen = most; mine > seen && !most.compare_exchange_weak(seen, mine);) {
        }
        std::this_thread::sleep_for(5ms);
        --now;
        response.set_content("1", "text/plain");
    });
    server_.start();
    std::vector<Call> calls;
    int good = 0;
    int done = 0;
    for (int i = 0; i < 50; ++i) {
        calls.push_back(client_.start(to("/pod"), [&](const Result<Answer>& result) {
            good += result ? 1 : 0;
            ++done;
        }));
    }
    EXPECT_TRUE(loop_.runUntil([&] { return done == 50; }));
    EXPECT_EQ(good, 50);
    EXPECT_LE(most, 4);
    EXPECT_GT(most, 1);
}

TEST_F(HttpClient, a_cancelled_request_is_not_heard_of_and_gives_its_place_to_the_next) {
    hang("/slow");
    server_.routes().Get("/quick", [](const httplib::Request&, httplib::Response&) {});
    server_.start();
    bool heard = false;
    std::vector<Call> slow;
    for (int i = 0; i < 4; ++i) {
        slow.push_back(client_.start(to("/slow"), [&](const Result<Answer>&) { heard = true; }));
    }
    bool done = false;
    const auto quick = client_.start(to("/quick"), [&](const Result<Answer>&) { done = true; });
    ASSERT_TRUE(loop_.runUntil([&] { return asked_ == 4; }));
    loop_.runFor(50ms);
    EXPECT_FALSE(done) << "more than four at once";
    slow.pop_back();
    EXPECT_TRUE(loop_.runUntil([&] { return done; }));
    slow.clear();
    loop_.runFor(50ms);
    EXPECT_FALSE(heard);
}

TEST_F(HttpClient, a_request_cancelled_while_it_waits_is_never_sent) {
    server_.routes().Get("/count",
                         [this](const httplib::Request&, httplib::Response&) { asked_++; });
    server_.start();
    bool heard = false;
    client_.start(to("/count"), [&](const Result<Answer>&) { heard = true; }).cancel();
    loop_.runFor(100ms);
    EXPECT_FALSE(heard);
    EXPECT_EQ(asked_, 0);
}

TEST_F(HttpClient, destroying_the_client_ends_its_requests_and_its_calls_may_outlive_it) {
    hang("/slow");
    server_.start();
    bool heard = false;
    std::vector<Call> calls;
    {
        Client client(loop_.raw(), 2);
        for (int i = 0; i < 5; ++i) {
            calls.push_back(
                client.start(to("/slow"), [&](const Result<Answer>&) { heard = true; }));
        }
        ASSERT_TRUE(loop_.runUntil([&] { return asked_ == 2; }));
    }
    loop_.runFor(50ms);
    calls.clear();
    EXPECT_FALSE(heard);
}

TEST_F(HttpClient, a_callback_may_destroy_the_client_and_the_other_calls) {
    server_.start();
    auto client = std::make_unique<Client>(loop_.raw(), 2);
    int heard = 0;
    std::vector<Call> calls;
    for (int i = 0; i < 5; ++i) {
        calls.push_back(client->start(to("/"), [&](const Result<Answer>&) {
            ++heard;
            client.reset();
            calls.clear();
        }));
    }
    EXPECT_TRUE(loop_.runUntil([&] { return heard > 0; }));
    loop_.runFor(50ms);
    EXPECT_EQ(heard, 1);
}

TEST_F(HttpClient, what_a_callback_throws_does_not_reach_the_loop_nor_the_others) {
    server_.start();
    int heard = 0;
    std::vector<Call> calls;
    for (int i = 0; i < 3; ++i) {
        calls.push_back(client_.start(to("/"), [&](const Result<Answer>&) {
            ++heard;
            throw std::runtime_error("of the caller");
        }));
    }
    EXPECT_TRUE(loop_.runUntil([&] { return heard == 3; }));
    EXPECT_TRUE(ask({.url = server_.url("/"), .anyStatus = true}));
}

TEST_F(HttpClient, a_callback_may_ask_again) {
    server_.start();
    int left = 3;
    Call call;
    std::function<void(Result<Answer>)> again = [&](const Result<Answer>&) {
        if (--left > 0) {
            call = client_.start(to("/"), again);
        }
    };
    call = client_.start(to("/"), again);
    EXPECT_TRUE(loop_.runUntil([&] { return left == 0; }));
}

class HttpClientTls : public testing::Test {
protected:
    std::string ask(const std::string& subject, int days, const std::string& caFile) {
        LocalServer server("127.0.0.1", kCertificates->server(subject, days));
        server.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
            response.set_content("trusted", "text/plain");
        });
        server.start();
        Loop loop;
        Client client(loop.raw(), 1);
        return ask(loop, client, server, caFile);
    }
    static std::string ask(Loop& loop, Client& client, const LocalServer& server,
                           const std::string& caFile) {
        std::string said;
        const auto call = client.start({.url = server.url("/"), .caFile = caFile},
                                       [&](const Result<Answer>& result) {
                                           said = result ? result->body : result.error().what;
                                       });
        EXPECT_TRUE(loop.runUntil([&] { return !said.empty(); }));
        return said;
    }
    static void SetUpTestSuite() { kCertificates = std::make_unique<Certificates>(); }
    static void TearDownTestSuite() { kCertificates.reset(); }
    static inline std::unique_ptr<Certificates> kCertificates;
};

TEST_F(HttpClientTls, does_not_trust_another_ca) {
    const auto said = ask("IP:127.0.0.1", 2, kCertificates->otherCa());
    EXPECT_THAT(said, HasSubstr(": the certificate of 127.0.0.1:"));
    EXPECT_THAT(said, HasSubstr(" is not trusted: "));
}

TEST_F(HttpClientTls, does_not_trust_an_unknown_ca_by_default) {
    EXPECT_THAT(ask("IP:127.0.0.1", 2, ""), HasSubstr(" is not trusted: "));
}

TEST_F(HttpClientTls, does_not_trust_an_expired_certificate) {
    EXPECT_THAT(ask("IP:127.0.0.1", 0, kCertificates->ca()),
                testing::AllOf(HasSubstr(" is not trusted: "), HasSubstr("expired")));
}

TEST_F(HttpClientTls, does_not_trust_a_certificate_of_another_host) {
    EXPECT_THAT(ask("DNS:elsewhere.example", 2, kCertificates->ca()),
                HasSubstr(" is not trusted: "));
}

TEST_F(HttpClientTls, says_that_the_ca_file_cannot_be_used) {
    EXPECT_THAT(ask("IP:127.0.0.1", 2, "/nonexistent/ca.pem"),
                HasSubstr("the certificates of /nonexistent/ca.pem cannot be used"));
}

TEST_F(HttpClientTls, sees_that_the_ca_file_was_replaced) {
    LocalServer server("127.0.0.1", kCertificates->server("IP:127.0.0.1", 2));
    server.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
        response.set_content("trusted", "text/plain");
    });
    server.start();
    Loop loop;
    Client client(loop.raw(), 1);
    const auto file = kCertificates->ca() + ".used";
    const auto askWith = [&](const std::string& ca) {
        std::filesystem::copy_file(ca, file, std::filesystem::copy_options::overwrite_existing);
        return ask(loop, client, server, file);
    };
    EXPECT_THAT(askWith(kCertificates->otherCa()), HasSubstr(" is not trusted: "));
    EXPECT_EQ(askWith(kCertificates->ca()), "trusted");
    EXPECT_THAT(askWith(kCertificates->otherCa()), HasSubstr(" is not trusted: "));
}

TEST_F(HttpClientTls, trusts_what_the_given_ca_signed) {
    EXPECT_EQ(ask("IP:127.0.0.1", 2, kCertificates->ca()), "trusted");
}

TEST(ShownUrl, leaves_out_where_secrets_may_be) {
    EXPECT_EQ(shownUrl("http://h:1/p?token=x"), "http://h:1/p");
    EXPECT_EQ(shownUrl("http://h:1?token=x"), "http://h:1");
    EXPECT_EQ(shownUrl("http://u:p@h:1/p@q#f"), "http://h:1/p@q");
    EXPECT_EQ(shownUrl("http://[::1]:1/p"), "http://[::1]:1/p");
    EXPECT_EQ(shownUrl("no url"), "no url");
}

} // namespace
} // namespace plimsoll::kube::http
