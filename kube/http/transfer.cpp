// SPDX-License-Identifier: Apache-2.0
#include "kube/http/transfer.hpp"

#include "kube/http/retry_after.hpp"
#include "kube/http/sentences.hpp"

#include <cstring>
#include <utility>

namespace plimsoll::kube::http {
namespace {

/// Of an answer, trailers included. libcurl keeps them all, and bounds them from 8.3 on.
constexpr std::size_t kLargestHeaders = std::size_t{64} * 1024; // bytes

#if LIBCURL_VERSION_NUM < 0x075700  // 7.87
constexpr std::size_t kRefused = 0; // of a piece of an answer
#else
constexpr std::size_t kRefused = CURL_WRITEFUNC_ERROR;
#endif

/// It would end a line of the request and begin another one.
bool endsLine(const std::string& text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos;
}

std::string headerLine(const std::string& name, const std::string& value) {
    return value.empty() ? name + ";" : name + ": " + value; // "Name:" would remove the header
}

long get(CURL* easy, CURLINFO what) {
    long value = 0;
    curl_easy_getinfo(easy, what, &value);
    return value;
}

std::string hostOf(const std::string& url) {
    const auto shown = shownUrl(url);
    const auto begin = shown.find("://") + 3;
    return shown.substr(begin, shown.find('/', begin) - begin);
}

} // namespace

Result<std::unique_ptr<Transfer>> Transfer::make(Request request, Receive receive) {
    std::unique_ptr<Transfer> transfer(new Transfer(std::move(request), std::move(receive)));
    const auto prepared = transfer->prepare();
    if (!prepared) {
        return std::unexpected(prepared.error());
    }
    return transfer;
}

Result<void> Transfer::prepare() {
    easy_.reset(curl_easy_init());
    if (!easy_) {
        return failed(request_, "no memory", ENOMEM);
    }
#if LIBCURL_VERSION_NUM < 0x074d00 // 7.77
    if (!request_.caPem.empty()) {
        return failed(request_, "CA certificates that are not in a file need libcurl 7.77");
    }
#endif
    auto route = routeOf(request_);
    if (!route) {
        return std::unexpected(std::move(route).error());
    }
    route_ = *std::move(route);
    if (auto added = addHeaders(); !added) {
        return added;
    }
    if (auto added = addConnectTo(); !added) {
        return added;
    }
    if (const auto code = setOptions(); code != CURLE_OK) {
        return failed(request_, curl_easy_strerror(code));
    }
    return {};
}

Result<void> Transfer::addHeaders() {
    bool typed = false;
    for (const auto& [name, value] : request_.headers) {
        if (name.empty() || endsLine(name) || endsLine(value)) {
            return failed(request_, "a header is empty or has more than one line");
        }
        if (auto added = addHeaderLine(headerLine(name, value)); !added) {
            return added;
        }
        typed = typed || curl_strequal(name.c_str(), "Content-Type") != 0;
    }
    if (!route_.hostHeader.empty()) {
        if (auto added = addHeaderLine("Host: " + route_.hostHeader); !added) {
            return added;
        }
    }
    if (!sendsBody(request_)) {
        return {};
    }
    if (!typed) { // libcurl would call it a form
        if (auto added = addHeaderLine("Content-Type:"); !added) {
            return added;
        }
    }
    return addHeaderLine("Expect:"); // nor wait a second to be asked for it
}

Result<void> Transfer::addHeaderLine(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) {
        return failed(request_, "no memory", ENOMEM);
    }
    if (!headers_) {
        headers_.reset(longer); // the head stays the head
    }
    return {};
}

Result<void> Transfer::addConnectTo() {
    if (route_.connectTo.empty()) {
        return {};
    }
    connectTo_.reset(curl_slist_append(nullptr, route_.connectTo.c_str()));
    if (!connectTo_) {
        return failed(request_, "no memory", ENOMEM);
    }
    return {};
}

bool Transfer::take(std::string_view piece) {
    const bool streamed = receive_ && get(easy_.get(), CURLINFO_RESPONSE_CODE) / 100 == 2;
    if (streamed) {
        refusal_ = Refusal::receiver; // also when it throws
        if (receive_(piece)) {
            refusal_ = Refusal::none;
        }
    } else if (piece.size() > request_.largestBody - body_.size()) {
        refusal_ = Refusal::bodyTooLarge;
    } else {
        body_.append(piece);
    }
    return refusal_ == Refusal::none && !abandoned_;
}

std::size_t Transfer::receive(char* data, std::size_t size, std::size_t count,
                              void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto bytes = size * count;
    try {
        return !transfer.abandoned_ && transfer.take({data, bytes}) ? bytes : kRefused;
    } catch (...) {
        return kRefused;
    }
}

std::size_t Transfer::takeHeader(char* data, std::size_t size, std::size_t count,
                                 void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto bytes = size * count;
    transfer.headerBytes_ += bytes;
    if (transfer.headerBytes_ > kLargestHeaders) {
        transfer.refusal_ = Refusal::headersTooLarge;
        return kRefused;
    }
    const std::string_view line(data, bytes);
    if (line.starts_with("HTTP/")) {
        transfer.retryAfter_.reset(); // what came before was an interim answer
    } else if (const auto seconds = readRetryAfter(line)) {
        transfer.retryAfter_ = seconds;
    }
    return bytes;
}

Result<Answer> Transfer::finish(CURLcode outcome) {
    if (outcome != CURLE_OK) {
        return failure(outcome);
    }
    Answer answer;
    answer.status = static_cast<int>(get(easy_.get(), CURLINFO_RESPONSE_CODE));
    if (!request_.anyStatus && answer.status / 100 != 2) {
        return failed(request_, answered(answer.status));
    }
    const char* type = nullptr;
    curl_easy_getinfo(easy_.get(), CURLINFO_CONTENT_TYPE, &type);
    answer.contentType = type == nullptr ? "" : type;
    answer.body = std::move(body_);
    answer.retryAfter = retryAfter_;
    return answer;
}

std::unexpected<Error> Transfer::failure(CURLcode outcome) const {
    int code = outcome == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT : 0;
    // libcurl keeps the errno of an address that was tried in vain when the next one works; so with
    // any other outcome it could say that nobody was reached, though the request was sent.
    if (outcome == CURLE_COULDNT_CONNECT) {
        code = static_cast<int>(get(easy_.get(), CURLINFO_OS_ERRNO));
    }
    return failed(request_, reasonOf(outcome), code);
}

std::string Transfer::reasonOf(CURLcode outcome) const {
    switch (refusal_) {
    case Refusal::none: break;
    case Refusal::headersTooLarge: return "more than 64 KiB of headers";
    case Refusal::bodyTooLarge: return http::tooLarge(request_);
    case Refusal::receiver: return "whoever asked wants no more of the answer";
    }
    switch (outcome) {
    case CURLE_OPERATION_TIMEDOUT: return lateness();
    case CURLE_COULDNT_RESOLVE_HOST: return "the host is not known";
    case CURLE_COULDNT_CONNECT: return "cannot connect: " + detail(outcome);
    case CURLE_GOT_NOTHING: return "the connection was closed without an answer";
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
        // TLS 1.3 says no to a client certificate only when the client reads.
        return headerBytes_ == 0 && !request_.clientCertificatePem.empty()
                   ? "the connection was closed without an answer: " + detail(outcome)
                   : "the connection was closed within the answer";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the certificate of " + hostOf(request_.url) + " is not trusted: " + detail(outcome);
    case CURLE_SSL_CACERT_BADFILE:
        return (request_.caPem.empty() ? "the certificates of " + request_.caFile
                                       : std::string("the given CA certificates")) +
               " cannot be used";
    case CURLE_SSL_CERTPROBLEM:
        return "the client certificate and its key cannot be used: " + detail(outcome);
    default: return detail(outcome);
    }
}

std::string Transfer::lateness() const {
    curl_off_t connected = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    const auto bound = longestConnecting(request_);
    return connected == 0 && bound != request_.timeout ? notConnectedWithin(bound)
                                                       : timedOut(request_);
}

/// The kernel's word where there is one, else libcurl's.
std::string Transfer::detail(CURLcode outcome) const {
    if (const auto number = get(easy_.get(), CURLINFO_OS_ERRNO);
        number != 0 && outcome == CURLE_COULDNT_CONNECT) {
        return std::strerror(static_cast<int>(number));
    }
    return text_[0] != '\0' ? text_.data() : curl_easy_strerror(outcome);
}

} // namespace plimsoll::kube::http
