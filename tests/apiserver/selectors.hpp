// SPDX-License-Identifier: Apache-2.0
// fieldSelector and labelSelector of lists and watches.
#pragma once

#include "tests/apiserver/request.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::test::apiserver {

class Selector {
public:
    /// Refuses a field that the kind cannot be selected by, as the server does.
    static Outcome<Selector> of(const Request& request);

    [[nodiscard]] bool matches(const Json& object) const;
    /// The value that a field must have; nothing: any.
    [[nodiscard]] std::optional<std::string> required(const std::string& field) const;
    [[nodiscard]] bool isEmpty() const { return fields_.empty() && labels_.empty(); }

private:
    struct Requirement {
        std::string key;
        std::string value;
        bool isEqual;
    };
    static std::vector<Requirement> requirementsOf(const std::string& text);

    std::vector<Requirement> fields_;
    std::vector<Requirement> labels_;
    std::string space_;
};

} // namespace plimsoll::test::apiserver
