// SPDX-License-Identifier: Apache-2.0
// A recorded exchange of tests/data/apiserver, put to the living server and compared.
#pragma once

#include "tests/integration/apiserver/client.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::test {

struct Recording {
    std::string name; ///< "nodes/010-get-own"
    std::string identity;
    std::string method;
    std::string path;
    std::string contentType;
    std::string body;
    int status = 0;
    bool isStream = false;
    apiserver::Json answer; ///< discarded: no JSON
    std::string text;       ///< of the body, or of all chunks
};

std::vector<Recording> recordingsOf(const std::string& family);

/// Puts recordings to a server one after the other; knows the living uid, version and continue
/// token for each recorded one that an answer has shown.
class Replay {
public:
    explicit Replay(ApiServer& server) : server_(&server) {}

    NodeClient::Answer send(const Recording& recording);

private:
    [[nodiscard]] std::string translated(std::string text) const;
    void learn(const apiserver::Json& recorded, const apiserver::Json& living);
    NodeClient& clientOf(const std::string& identity);

    ApiServer* server_;
    std::map<std::string, std::unique_ptr<NodeClient>> clients_;
    std::map<std::string, std::string> living_; ///< by what was recorded
};

/// What must be the same in both answers: of a failure nearly all, of an object or list its shape
/// and the fields that Plimsoll reads.
apiserver::Json essence(const apiserver::Json& answer);

/// The events of a watch, each with its type and the essence of its object.
apiserver::Json linesOf(const std::string& text);

} // namespace plimsoll::test
