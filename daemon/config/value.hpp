// SPDX-License-Identifier: Apache-2.0
// A TOML value with its place in the file, which checks type and range. Only for the reader's .cpp:
// toml++ goes no further.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <toml++/toml.h>
#include <vector>

namespace plimsoll {

class Value {
public:
    Value(const toml::node& node, std::string key, const std::string& file,
          std::vector<std::string>& errors)
        : node_(node), key_(std::move(key)), file_(file), errors_(errors) {}

    [[nodiscard]] const toml::node& node() const { return node_; }

    /// Nothing, with an error, when the value is none of these.
    [[nodiscard]] std::optional<std::string> text() const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::int64_t low, std::int64_t high) const;
    [[nodiscard]] std::optional<double> number(double low, double high) const;
    /// "500ms", or whole seconds.
    [[nodiscard]] std::optional<std::chrono::milliseconds>
    duration(std::chrono::milliseconds low, std::chrono::milliseconds high) const;
    [[nodiscard]] std::optional<std::string> absolutePath() const;
    [[nodiscard]] std::optional<std::string>
    oneOf(std::initializer_list<std::string_view> words) const;

    void error(const std::string& reason) const;

private:
    const toml::node& node_;
    std::string key_;
    const std::string& file_;
    std::vector<std::string>& errors_;
};

/// "file:line:column: what".
std::string placed(const std::string& file, const toml::source_position& place,
                   std::string_view what);

} // namespace plimsoll
