// SPDX-License-Identifier: Apache-2.0
// The plain HTTP port by which other processes set the scene and look at it.
#pragma once

#include "tests/apiserver/api_server.hpp"

#include <memory>
#include <string>

namespace plimsoll::test::apiserver {

/// GET and DELETE of API paths without any check; POST /control/apply takes JSON or YAML documents;
/// /control/log, /control/faults, and POST /control/do/NAME (see control.cpp). Loopback only.
class Control {
public:
    /// Throws std::runtime_error where it cannot listen. Port 0: any.
    Control(ApiServer& server, int port);
    ~Control();
    Control(const Control&) = delete;
    Control& operator=(const Control&) = delete;

    [[nodiscard]] int port() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace plimsoll::test::apiserver
