// SPDX-License-Identifier: Apache-2.0
// Every request, for assertions and for the arithmetic of what a fleet costs.
#pragma once

#include "tests/apiserver/reply.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace plimsoll::test::apiserver {

struct Access {
    std::chrono::system_clock::time_point time;
    std::string user;
    std::string method;
    std::string path; ///< with query
    int status = 0;   ///< 0: no answer
    std::size_t bytesIn = 0;
    std::size_t bytesOut = 0; ///< with headers, without TLS
    bool isOpen = true;       ///< a watch that goes on, or a request that hangs
};

class AccessLog {
public:
    /// The number to tell the rest by.
    std::size_t begin(Access access);
    void answered(std::size_t number, int status);
    void sent(std::size_t number, std::size_t bytesIn, std::size_t bytesOut);
    void ended(std::size_t number);

    [[nodiscard]] std::vector<Access> entries() const;
    /// Of one method ("" all) whose path contains `part`.
    [[nodiscard]] std::size_t count(const std::string& method, const std::string& part) const;
    void clear();

private:
    Access* find(std::size_t number);

    mutable std::mutex mutex_;
    std::size_t first_ = 0; ///< the number of the first entry
    std::vector<Access> entries_;
};

Json toJson(const Access& access);

} // namespace plimsoll::test::apiserver
