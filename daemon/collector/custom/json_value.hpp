// SPDX-License-Identifier: Apache-2.0
// Numbers out of a JSON text.
#pragma once

#include "daemon/model/error.hpp"

#include <memory>
#include <string_view>

namespace plimsoll::collector {

/// Read once, however many numbers are taken from it, in time that grows with the length of the
/// text alone: who answers a probe must not be able to hold up the loop.
class JsonText {
public:
    static Result<JsonText> read(std::string_view text);
    ~JsonText();
    JsonText(JsonText&&) noexcept;
    JsonText& operator=(JsonText&&) noexcept;

    /// `where` is an RFC 6901 pointer when it begins with '/' ("/queues/0/length"), else names of
    /// members with dots between them ("queue.length"). The value is a finite number, or a string
    /// that is one.
    [[nodiscard]] Result<double> numberAt(std::string_view where) const;

private:
    struct Root;
    explicit JsonText(std::unique_ptr<const Root> root);

    std::unique_ptr<const Root> root_;
};

} // namespace plimsoll::collector
