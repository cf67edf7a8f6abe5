// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/frontend.hpp"

#include "tests/apiserver/watch.hpp"

#include <algorithm>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdexcept>

namespace plimsoll::test::apiserver {

namespace {

using namespace std::chrono_literals;

// Bodies up to this size have a Content-Length, and a watch's backlog is cut into such chunks.
constexpr std::size_t kChunk = 2048;
constexpr std::size_t kCompressed = 128 * 1024; // larger ones are, where the client takes it
constexpr auto kLook = 100ms;                   // how often a silent stream looks after its client

X509* readCertificate(const std::string& pem) {
    BIO* memory = BIO_new_mem_buf(pem.data(), int(pem.size()));
    X509* certificate = PEM_read_bio_X509(memory, nullptr, nullptr, nullptr);
    BIO_free(memory);
    return certificate;
}

/// Whoever comes is let in; whether the certificate counts is seen request by request.
int acceptAny(int /*isGood*/, X509_STORE_CTX* /*chain*/) {
    return 1;
}

SSL_CTX* contextOf(const Pem& server, X509* authority) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    X509* certificate = readCertificate(server.certificate);
    BIO* memory = BIO_new_mem_buf(server.key.data(), int(server.key.size()));
    EVP_PKEY* key = PEM_read_bio_PrivateKey(memory, nullptr, nullptr, nullptr);
    BIO_free(memory);
    const bool isUsable = SSL_CTX_use_certificate(context, certificate) == 1 &&
                          SSL_CTX_use_PrivateKey(context, key) == 1 &&
                          SSL_CTX_add_client_CA(context, authority) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (!isUsable)
        throw std::runtime_error("the server's certificate and key cannot be used");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, acceptAny);
    // Sessions are resumed with the identity they were begun with, as with a real server.
    constexpr std::string_view kSessions = "apiserver";
    SSL_CTX_set_session_id_context(context,
                                   reinterpret_cast<const unsigned char*>(kSessions.data()),
                                   unsigned(kSessions.size()));
    return context;
}

bool writeInChunks(httplib::DataSink& sink, std::string_view text) {
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, kChunk);
        if (!sink.write(piece.data(), piece.size()))
            return false;
        text.remove_prefix(piece.size());
    }
    return true;
}

} // namespace

Request requestOf(const httplib::Request& from) {
    Request request;
    request.method = from.method;
    request.path = from.path;
    for (const auto& [key, value] : from.params)
        request.query.emplace(key, value);
    request.contentType = from.get_header_value("Content-Type");
    request.userAgent = from.get_header_value("User-Agent");
    request.body = from.body;
    readPath(request);
    return request;
}

void send(const Reply& reply, httplib::Response& to) {
    to.status = reply.status;
    for (const auto& [name, value] : reply.headers)
        to.set_header(name, value);
    if (reply.body.size() <= kChunk)
        return to.set_content(reply.body, reply.contentType);
    to.set_chunked_content_provider(reply.contentType,
                                    [body = reply.body](std::size_t, httplib::DataSink& sink) {
                                        const bool isSent = writeInChunks(sink, body);
                                        sink.done();
                                        return isSent;
                                    });
}

Frontend::Frontend(Rooms& rooms, const Pem& server, std::string caPem)
    : rooms_(&rooms), caPem_(std::move(caPem)), trusted_(X509_STORE_new()) {
    X509* authority = readCertificate(caPem_);
    X509_STORE_add_cert(trusted_, authority);
    context_ = contextOf(server, authority);
    X509_free(authority);
}

Frontend::~Frontend() {
    stop();
    X509_STORE_free(trusted_);
    SSL_CTX_free(context_);
}

int Frontend::start(const std::string& host, int port) {
    isStopping_ = false;
    server_ = std::make_unique<TlsServer>(context_);
    routeAll();
    const int bound = port == 0 ? server_->bind_to_any_port(host)
                                : (server_->bind_to_port(host, port) ? port : -1);
    if (bound <= 0)
        throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port));
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running())
        std::this_thread::sleep_for(1ms);
    return bound;
}

void Frontend::stop() {
    if (!server_)
        return;
    isStopping_ = true;
    server_->stop();
    server_->cutAll();
    rooms_->cluster.store().wake();
    thread_.join();
    server_.reset();
}

void Frontend::cutWatches() {
    if (server_)
        server_->cutWatches();
}

void Frontend::routeAll() {
    const auto all = [this](const httplib::Request& from, httplib::Response& to) {
        handle(from, to);
    };
    server_->Get(".*", all);
    server_->Post(".*", all);
    server_->Put(".*", all);
    server_->Patch(".*", all);
    server_->Delete(".*", all);
}

void Frontend::handle(const httplib::Request& from, httplib::Response& to) {
    auto identity = identityOf(from);
    Request request = requestOf(from);
    if (identity)
        request.identity = *identity;
    Connection& connection = TlsServer::current();
    AccessLog& log = rooms_->log;
    const std::size_t number = log.begin({.time = std::chrono::system_clock::now(),
                                          .user = identity ? identity->user : "",
                                          .method = from.method,
                                          .path = from.target});
    connection.afterAnswer = [&log, number, &connection] {
        log.sent(number, connection.bytesIn, connection.bytesOut);
        log.ended(number);
    };
    const auto fault = rooms_->faults.take(from.method, from.target, request.identity.user);
    if (fault && suffer(*fault, to)) {
        log.answered(number, fault->reply ? fault->reply->status : 0);
        return;
    }
    if (!identity)
        send(identity.error(), to);
    else
        answer(from, to, request, number);
    log.answered(number, to.status);
}

void Frontend::answer(const httplib::Request& from, httplib::Response& to, const Request& request,
                      std::size_t number) {
    if (request.verb == "watch")
        return stream(to, request, number);
    Reply reply;
    try {
        reply = rooms_->cluster.answer(request);
    } catch (const Json::exception& wrong) { // an object of another shape than its kind has
        reply = failure(400, "BadRequest", wrong.what());
    }
    // httplib compresses for who asks; the request is not const where it was made.
    if (reply.body.size() > kCompressed && TlsServer::current().acceptsGzip)
        const_cast<httplib::Request&>(from).headers.emplace("Accept-Encoding", "gzip");
    send(reply, to);
}

/// True: that was the answer.
bool Frontend::suffer(const Fault& fault, httplib::Response& to) {
    Connection& connection = TlsServer::current();
    if (fault.delay > 0ms)
        pause(fault.delay);
    if (fault.hangs)
        pause(24h);
    connection.cutAfterBytes = fault.closes || fault.hangs ? 0 : fault.cutAfterBytes;
    if (fault.reply)
        send(*fault.reply, to);
    return fault.reply || fault.closes || fault.hangs;
}

void Frontend::pause(std::chrono::milliseconds time) {
    const auto end = std::chrono::steady_clock::now() + time;
    while (!isStopping_ && !TlsServer::current().hasGone() &&
           std::chrono::steady_clock::now() < end)
        std::this_thread::sleep_for(10ms);
}

void Frontend::stream(httplib::Response& to, const Request& request, std::size_t number) {
    auto started = Watch::start(request, rooms_->cluster);
    if (!started)
        return send(started.error(), to);
    server_->markWatch();
    to.status = 200;
    auto watch = std::make_shared<Watch>(std::move(*started));
    to.set_chunked_content_provider(
        "application/json", [this, watch, number](std::size_t, httplib::DataSink& sink) {
            if (isStopping_ || TlsServer::current().hasGone())
                return false;
            const std::string lines = watch->next(Watch::Clock::now() + kLook);
            if (!writeInChunks(sink, lines))
                return false;
            const Connection& connection = TlsServer::current();
            rooms_->log.sent(number, connection.bytesIn, connection.bytesOut);
            if (watch->hasEnded())
                sink.done();
            return true;
        });
}

} // namespace plimsoll::test::apiserver
