// SPDX-License-Identifier: Apache-2.0
// A client of the test server with one of its certificates, over cpp-httplib's own TLS.
#pragma once

#include "tests/apiserver/api_server.hpp"

#include <httplib.h>
#include <string>

namespace plimsoll::test {

class NodeClient {
public:
    /// `pem`: a file with certificate and key; empty: without.
    NodeClient(const ApiServer& server, const std::string& pem);

    struct Answer {
        int status = 0; ///< 0: there was none
        apiserver::Json body;
        std::string text;
        httplib::Headers headers;
    };
    Answer send(const std::string& method, const std::string& path, const std::string& body = "",
                const std::string& contentType = "application/json");
    Answer get(const std::string& path) { return send("GET", path); }

    httplib::SSLClient& http() { return client_; }

private:
    httplib::SSLClient client_;
};

std::string writtenPem(const ApiServer& server, const std::string& name, const apiserver::Pem& pem);

} // namespace plimsoll::test
