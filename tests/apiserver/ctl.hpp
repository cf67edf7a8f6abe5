// SPDX-License-Identifier: Apache-2.0
// The client of the control port, for scripts in places without curl.
#pragma once

#include <string>
#include <vector>

namespace plimsoll::test::apiserver {

/// The exit status; prints to standard output, errors to standard error.
class Ctl {
public:
    explicit Ctl(int port) : port_(port) {}

    [[nodiscard]] int get(const std::string& path, const std::string& pointer) const;
    [[nodiscard]] int apply(const std::string& file) const; ///< "-": standard input
    [[nodiscard]] int erase(const std::string& path) const;
    [[nodiscard]] int fault(const std::string& json) const; ///< "clear": none any more
    [[nodiscard]] int log(bool isCleared) const;
    [[nodiscard]] int perform(const std::string& deed) const;
    /// Until what `pointer` names has the value; "null": until it is not there.
    [[nodiscard]] int wait(const std::string& path, const std::string& pointer,
                           const std::string& value, int seconds) const;

private:
    struct Answer {
        int status = 0;
        std::string body;
    };
    [[nodiscard]] Answer send(const std::string& method, const std::string& path,
                              const std::string& body = "") const;
    [[nodiscard]] int print(const Answer& answer) const;

    int port_;
};

} // namespace plimsoll::test::apiserver
