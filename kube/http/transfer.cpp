// SPDX-License-Identifier: Apache-2.0
#include "kube/http/transfer.hpp"

#include "kube/http/sentences.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace plimsoll::kube::http {
namespace {

/// Sets options and remembers the first that was refused.
class Options {
public:
    explicit Options(CURL* easy) : easy_(easy) {}

    template <class Value>
    void set(CURLoption option, Value value) {
        const auto code = curl_easy_setopt(easy_, option, value);
        if (outcome_ == CURLE_OK) {
            outcome_ = code;
        }
    }
    [[nodiscard]] CURLcode outcome() const { return outcome_; }

private:
    CURL* easy_;
    CURLcode outcome_ = CURLE_OK;
};

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

Result<std::unique_ptr<Transfer>> Transfer::make(Request request) {
    std::unique_ptr<Transfer> transfer(new Transfer(std::move(request)));
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
    if (auto added = addHeaders(); !added) {
        return added;
    }
    if (const auto code = setOptions(); code != CURLE_OK) {
        return failed(request_, curl_easy_strerror(code));
    }
    return {};
}

Result<void> Transfer::addHeaders() {
    for (const auto& [name, value] : request_.headers) {
        if (name.empty() || endsLine(name) || endsLine(value)) {
            return failed(request_, "a header is empty or has more than one line");
        }
        curl_slist* longer = curl_slist_append(headers_.get(), headerLine(name, value).c_str());
        if (longer == nullptr) {
            return failed(request_, "no memory", ENOMEM);
        }
        if (!headers_) {
            headers_.reset(longer); // the head stays the head
        }
    }
    return {};
}

CURLcode Transfer::setOptions() {
    Options options(easy_.get());
    options.set(CURLOPT_URL, request_.url.c_str());
#if LIBCURL_VERSION_NUM < 0x075500 // 7.85
    options.set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#else
    options.set(CURLOPT_PROTOCOLS_STR, "http,https");
#endif
    options.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    options.set(CURLOPT_PATH_AS_IS, 1L);
    options.set(CURLOPT_FOLLOWLOCATION, 0L);
    // One request a connection at a time, so the bound on requests is one on connections.
    options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    options.set(CURLOPT_USERAGENT, "plimsolld");
    options.set(CURLOPT_HTTPHEADER, headers_.get());

    options.set(CURLOPT_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_SSL_VERIFYHOST, 2L);
    options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!request_.caFile.empty()) {
        options.set(CURLOPT_CAINFO, request_.caFile.c_str());
        options.set(CURLOPT_CAPATH, static_cast<char*>(nullptr)); // this CA instead of the system's
    }
#if LIBCURL_VERSION_NUM >= 0x075700            // 7.87, the first that keeps them: for a day
    options.set(CURLOPT_CA_CACHE_TIMEOUT, 0L); // certificates are replaced while we run
#endif
    // A session that is resumed is not verified again, whatever the CA file says by now.
    options.set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (!request_.proxyFromEnvironment) {
        options.set(CURLOPT_PROXY, "");
    }
    if (!request_.keepConnection) {
        options.set(CURLOPT_FRESH_CONNECT, 1L);
        options.set(CURLOPT_FORBID_REUSE, 1L);
    }

    options.set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.timeout.count()));
    options.set(CURLOPT_NOSIGNAL, 1L);
    // Otherwise giving up on a name that is being looked up waits, in our loop, until the resolver
    // has given up, too: measured 9.7 s with a name server that is silent, instead of 10 ms.
#if LIBCURL_VERSION_NUM >= 0x075700 // 7.87
    options.set(CURLOPT_QUICK_EXIT, 1L);
#endif
    options.set(CURLOPT_ERRORBUFFER, text_.data());
    options.set(CURLOPT_HEADERFUNCTION, &Transfer::countHeader);
    options.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
    options.set(CURLOPT_WRITEFUNCTION, &Transfer::receive);
    options.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
    return options.outcome();
}

std::size_t Transfer::receive(char* data, std::size_t size, std::size_t count,
                              void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    const auto bytes = size * count;
    if (bytes > transfer.request_.largestBody - transfer.body_.size()) {
        transfer.tooLarge_ = TooLarge::body;
        return kRefused;
    }
    try {
        transfer.body_.append(data, bytes);
    } catch (const std::bad_alloc&) {
        return kRefused;
    }
    return bytes;
}

std::size_t Transfer::countHeader(char*, std::size_t size, std::size_t count, void* self) noexcept {
    auto& transfer = *static_cast<Transfer*>(self);
    transfer.headerBytes_ += size * count;
    if (transfer.headerBytes_ > kLargestHeaders) {
        transfer.tooLarge_ = TooLarge::headers;
        return kRefused;
    }
    return size * count;
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
    return answer;
}

std::unexpected<Error> Transfer::failure(CURLcode outcome) const {
    const auto code = outcome == CURLE_OPERATION_TIMEDOUT
                          ? ETIMEDOUT
                          : static_cast<int>(get(easy_.get(), CURLINFO_OS_ERRNO));
    return failed(request_, reasonOf(outcome), code);
}

std::string Transfer::reasonOf(CURLcode outcome) const {
    switch (tooLarge_) {
    case TooLarge::nothing: break;
    case TooLarge::headers: return "more than 64 KiB of headers";
    case TooLarge::body: return http::tooLarge(request_);
    }
    switch (outcome) {
    case CURLE_OPERATION_TIMEDOUT: return timedOut(request_);
    case CURLE_COULDNT_RESOLVE_HOST: return "the host is not known";
    case CURLE_COULDNT_CONNECT: return "cannot connect: " + detail(outcome);
    case CURLE_GOT_NOTHING: return "the connection was closed without an answer";
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR: return "the connection was closed within the answer";
    case CURLE_PEER_FAILED_VERIFICATION:
        return "the certificate of " + hostOf(request_.url) + " is not trusted: " + detail(outcome);
    case CURLE_SSL_CACERT_BADFILE:
        return "the certificates of " + request_.caFile + " cannot be used";
    default: return detail(outcome);
    }
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
