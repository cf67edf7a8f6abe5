// SPDX-License-Identifier: Apache-2.0
// A TOML value with its place in the file, which checks type and range. Only for the reader's .cpp:
// toml++ goes no further.
#pragma once

#include <chrono>
#include <cstdint>
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
    /// A value below this one: its key is this one's with `suffix` behind it.
    [[nodiscard]] Value below(const toml::node& node, const std::string& suffix) const {
        return {node, key_ + suffix, file_, errors_};
    }

    /// Nothing, with an error, when the value is none of these.
    [[nodiscard]] std::optional<std::string> text() const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::int64_t low, std::int64_t high) const;
    [[nodiscard]] std::optional<double> number(double low, double high) const;
    /// "500ms", or whole seconds. `why` ends the error, where the range does not explain itself.
    [[nodiscard]] std::optional<std::chrono::milliseconds>
    duration(std::chrono::milliseconds low, std::chrono::milliseconds high,
             std::string_view why = {}) const;
    /// The same, of whole seconds.
    [[nodiscard]] std::optional<std::chrono::seconds> seconds(std::chrono::seconds low,
                                                              std::chrono::seconds high) const;
    [[nodiscard]] std::optional<bool> boolean() const;
    [[nodiscard]] std::optional<double> positiveNumber() const;
    [[nodiscard]] std::optional<std::vector<std::string>> texts() const;
    [[nodiscard]] std::optional<std::string> absolutePath() const;
    /// "" is kept: it stands for none.
    [[nodiscard]] std::optional<std::string> absolutePathOrNone() const;
    [[nodiscard]] std::optional<std::string>
    oneOf(const std::vector<std::string_view>& words) const;

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

/// `unknown key "log.levl", did you mean "level"?`, where `path` is all of the name.
std::string unknownName(std::string_view what, std::string_view word,
                        const std::vector<std::string_view>& names, std::string_view path);

} // namespace plimsoll
