// SPDX-License-Identifier: Apache-2.0
// Client certificates and names of servers, over HTTP/1.1 and, with nghttpx, over HTTP/2.
#include "tests/integration/http/asker.hpp"
#include "tests/integration/http/local_server.hpp"

#include <array>
#include <atomic>
#include <csignal>
#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>

namespace plimsoll::kube::http {
namespace {

using namespace std::chrono_literals;
using test::Asker;
using test::Certificates;
using test::LocalServer;
using testing::HasSubstr;

std::string nameOfClient(const httplib::Request& request) {
    X509* certificate = SSL_get1_peer_certificate(request.ssl);
    if (certificate == nullptr) {
        return "nobody";
    }
    std::array<char, 64> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                              name.size());
    X509_free(certificate);
    return name.data();
}

class HttpIdentity : public testing::Test {
protected:
    static void SetUpTestSuite() { kCertificates = std::make_unique<Certificates>(); }
    static void TearDownTestSuite() { kCertificates.reset(); }
    static Request with(std::string url, const Certificates::Identity& identity) {
        return {.url = std::move(url),
                .caPem = test::contentOf(kCertificates->ca()),
                .clientCertificatePem = identity.certificatePem,
                .clientKeyPem = identity.keyPem,
                .keepConnection = true};
    }
    static void tellTheName(LocalServer& server) {
        server.routes().Get("/", [](const httplib::Request& request, httplib::Response& response) {
            response.set_content(nameOfClient(request) + " " + std::to_string(request.remote_port) +
                                     " " + request.get_header_value("Host"),
                                 "text/plain");
        });
        server.start();
    }
    static inline std::unique_ptr<Certificates> kCertificates;
    Asker asker_;
};

TEST_F(HttpIdentity, a_kept_connection_of_the_old_certificate_is_not_used_for_the_new_one) {
    LocalServer server("127.0.0.1", kCertificates->mutualServer("IP:127.0.0.1"));
    tellTheName(server);
    const auto old = with(server.url("/"), kCertificates->client("old"));
    const auto rotated = with(server.url("/"), kCertificates->client("rotated"));
    const auto first = asker_.said(old);
    EXPECT_THAT(first, HasSubstr("old "));
    EXPECT_EQ(asker_.said(old), first) << "the connection is kept";
    EXPECT_THAT(asker_.said(rotated), HasSubstr("rotated "));
    EXPECT_THAT(asker_.said(old), HasSubstr("old "));
}

TEST_F(HttpIdentity, without_a_certificate_or_with_the_key_of_another_one_there_is_no_answer) {
    LocalServer server("127.0.0.1", kCertificates->mutualServer("IP:127.0.0.1"));
    tellTheName(server);
    EXPECT_FALSE(asker_.ask(with(server.url("/"), {})));
    auto mixed = kCertificates->client("one");
    mixed.keyPem = kCertificates->client("two").keyPem;
    const auto said = asker_.said(with(server.url("/"), mixed));
    EXPECT_THAT(said, HasSubstr("the client certificate and its key cannot be used"));
    EXPECT_THAT(said, testing::Not(HasSubstr("PRIVATE")));
}

TEST_F(HttpIdentity, another_ca_is_not_trusted_even_where_a_connection_is_kept) {
    LocalServer server("127.0.0.1", kCertificates->mutualServer("IP:127.0.0.1"));
    tellTheName(server);
    auto request = with(server.url("/"), kCertificates->client("node"));
    EXPECT_THAT(asker_.said(request), HasSubstr("node "));
    request.caPem = test::contentOf(kCertificates->otherCa());
    EXPECT_THAT(asker_.said(request), HasSubstr(" is not trusted: "));
    request.caPem = "none";
    EXPECT_THAT(asker_.said(request), HasSubstr("the given CA certificates cannot be used"));
}

TEST_F(HttpIdentity, the_certificate_may_be_for_a_given_name) {
    LocalServer server("127.0.0.1", kCertificates->mutualServer("DNS:kubernetes"));
    tellTheName(server);
    auto request = with(server.url("/"), kCertificates->client("node"));
    EXPECT_THAT(asker_.said(request), HasSubstr(" is not trusted: "));
    request.tlsServerName = "kubernetes";
    EXPECT_THAT(asker_.said(request), HasSubstr(" 127.0.0.1:" + std::to_string(server.port())));
    request.tlsServerName = "elsewhere";
    EXPECT_THAT(asker_.said(request), HasSubstr(" is not trusted: "));
}

/// nghttpx in front of a server: HTTP/2, with client certificates.
class Http2Proxy {
public:
    Http2Proxy(const Certificates& certificates, int backend, int port)
        : port_(port), log_(certificates.path("access.log")) {
        certificates.sign("front", "IP:127.0.0.1", 2);
        std::vector<std::string> words{"nghttpx",
                                       "--conf=/dev/null",
                                       "--workers=1",
                                       "--single-process",
                                       "--frontend=127.0.0.1," + std::to_string(port),
                                       "--backend=127.0.0.1," + std::to_string(backend),
                                       "--errorlog-file=/dev/null",
                                       "--accesslog-file=" + log_,
                                       "--accesslog-format=$remote_port $alpn "
                                       "$tls_client_subject_name",
                                       "--verify-client",
                                       "--verify-client-cacert=" + certificates.ca(),
                                       certificates.path("front.key"),
                                       certificates.path("front.pem")};
        std::vector<char*> argv;
        for (auto& word : words) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        if (::posix_spawnp(&pid_, "nghttpx", nullptr, nullptr, argv.data(), environ) != 0) {
            throw std::runtime_error("nghttpx");
        }
    }
    ~Http2Proxy() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Http2Proxy(const Http2Proxy&) = delete;
    Http2Proxy& operator=(const Http2Proxy&) = delete;

    void goAway() const { ::kill(pid_, SIGQUIT); }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "https://127.0.0.1:" + std::to_string(port_) + path;
    }
    /// A line for each request that is over: port of the client, protocol, name of the client.
    [[nodiscard]] std::vector<std::string> lines() const {
        std::istringstream text(test::contentOf(log_));
        std::vector<std::string> result;
        for (std::string line; std::getline(text, line);) {
            result.push_back(line);
        }
        return result;
    }

private:
    pid_t pid_ = 0;
    int port_;
    std::string log_;
};

class Http2 : public HttpIdentity {
protected:
    Http2() {
        server_.routes().Get("/", [](const httplib::Request&, httplib::Response& response) {
            response.set_content("there", "text/plain");
        });
        server_.routes().Get("/watch", [this](const httplib::Request&, httplib::Response& answer) {
            answer.set_chunked_content_provider("application/json",
                                                [this](std::size_t, httplib::DataSink& sink) {
                                                    std::this_thread::sleep_for(5ms);
                                                    if (over_) {
                                                        sink.done();
                                                        return true;
                                                    }
                                                    return sink.write("event\n", 6);
                                                });
        });
        server_.start();
    }
    Request http2(const std::string& path, const Certificates::Identity& identity) {
        auto request = with(proxy_.url(path), identity);
        request.http2 = true;
        return request;
    }
    /// Until nghttpx listens.
    void waitFor(const Request& request) {
        Asker other;
        EXPECT_TRUE(asker_.loop.runUntil([&] { return other.said(request) == "there"; }));
    }

    std::atomic<bool> over_ = false;
    LocalServer server_;
    Http2Proxy proxy_{*kCertificates, server_.port(), test::closedPort()};
};

TEST_F(Http2, a_watch_and_requests_share_a_connection_but_not_with_another_certificate) {
    const auto old = kCertificates->client("old");
    waitFor(http2("/", old));
    std::size_t bytes = 0;
    bool ended = false;
    auto watch = http2("/watch", old);
    watch.timeout = 0ms;
    const auto call = asker_.client.start(
        watch, [&](std::string_view piece) { return (bytes += piece.size()) > 0; },
        [&](const Result<Answer>& result) { ended = result.has_value(); });
    EXPECT_TRUE(asker_.loop.runUntil([&] { return bytes > 12; }));
    EXPECT_EQ(asker_.said(http2("/", old)), "there");
    EXPECT_EQ(asker_.said(http2("/", old)), "there");
    EXPECT_EQ(asker_.said(http2("/", kCertificates->client("rotated"))), "there");
    over_ = true;
    EXPECT_TRUE(asker_.loop.runUntil([&] { return ended; }));
    EXPECT_TRUE(asker_.loop.runUntil([&] { return proxy_.lines().size() >= 5; }));
    const auto lines = proxy_.lines(); // the first is of waitFor()
    ASSERT_EQ(lines.size(), 5U);
    EXPECT_THAT(lines[1], HasSubstr(" h2 CN=old"));
    EXPECT_EQ(lines[2], lines[1]);
    EXPECT_EQ(lines[4], lines[1]) << "the watch";
    EXPECT_THAT(lines[3], HasSubstr(" h2 CN=rotated"));
}

TEST_F(Http2, a_watch_goes_on_after_goaway_and_ends_when_it_is_over) {
    const auto node = kCertificates->client("node");
    waitFor(http2("/", node));
    std::size_t bytes = 0;
    bool ended = false;
    auto watch = http2("/watch", node);
    watch.timeout = 0ms;
    const auto call = asker_.client.start(
        watch, [&](std::string_view piece) { return (bytes += piece.size()) > 0; },
        [&](const Result<Answer>& result) { ended = result.has_value(); });
    EXPECT_TRUE(asker_.loop.runUntil([&] { return bytes > 0; }));
    proxy_.goAway();
    asker_.loop.runFor(100ms);
    const auto before = bytes;
    EXPECT_TRUE(asker_.loop.runUntil([&] { return bytes > before; }));
    EXPECT_FALSE(ended);
    over_ = true;
    EXPECT_TRUE(asker_.loop.runUntil([&] { return ended; }));
}

} // namespace
} // namespace plimsoll::kube::http
