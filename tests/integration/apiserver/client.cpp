// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/apiserver/client.hpp"

#include "tests/apiserver/node_files.hpp"

namespace plimsoll::test {

namespace {

int portOf(const ApiServer& server) {
    const std::string url = server.url();
    return std::stoi(url.substr(url.rfind(':') + 1));
}

} // namespace

NodeClient::NodeClient(const ApiServer& server, const std::string& pem)
    : client_("127.0.0.1", portOf(server), pem, pem) {
    client_.set_ca_cert_path(server.caFile().c_str());
    client_.set_keep_alive(true);
    client_.set_read_timeout(30);
}

NodeClient::Answer NodeClient::send(const std::string& method, const std::string& path,
                                    const std::string& body, const std::string& contentType) {
    httplib::Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    if (!body.empty())
        request.set_header("Content-Type", contentType);
    const auto result = client_.send(request);
    if (!result)
        return {};
    return {.status = result->status,
            .body = apiserver::Json::parse(result->body, nullptr, false),
            .text = result->body,
            .headers = result->headers};
}

std::string writtenPem(const ApiServer& server, const std::string& name,
                       const apiserver::Pem& pem) {
    const std::string path = server.directory() + "/" + name + ".pem";
    apiserver::writeFile(path, pem.certificate + pem.key, 0600);
    return path;
}

} // namespace plimsoll::test
