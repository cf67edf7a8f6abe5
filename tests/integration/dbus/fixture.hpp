// SPDX-License-Identifier: Apache-2.0
// A bus, the service on it with the sample state, and a client: what nearly every test needs.
#pragma once

#include "client.hpp"
#include "private_bus.hpp"
#include "sample_state.hpp"
#include "service_thread.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::test {

class DbusTest : public ::testing::Test {
protected:
    void SetUp() override {
        service.tick(fill);
        ASSERT_TRUE(service.waitUntilConnected());
        client = std::make_unique<Client>();
    }

    /// The one PropertiesChanged of an object, or why there is not exactly one.
    static std::string changed(const std::vector<Seen>& seen, const std::string& path) {
        std::string body = "none";
        int count = 0;
        for (const auto& signal : seen) {
            if (signal.path == path && signal.member == "PropertiesChanged") {
                body = signal.body;
                ++count;
            }
        }
        return count <= 1 ? body : std::to_string(count) + " of them";
    }
    static std::vector<std::string> members(const std::vector<Seen>& seen) {
        std::vector<std::string> out;
        for (const auto& signal : seen)
            out.push_back(signal.member);
        return out;
    }

    PrivateBus bus;
    ServiceThread service;
    std::unique_ptr<Client> client;
};

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

} // namespace plimsoll::test
