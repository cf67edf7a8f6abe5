// SPDX-License-Identifier: Apache-2.0
// A cursor over a YAML tree: it knows its path, checks types and ranges, and reports what is wrong
// where it stands, so that the decoders read like the list of fields that they are.
#pragma once

#include "daemon/model/policy.hpp"
#include "kube/yaml_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::kube {

/// The refusals of one object.
class Report {
public:
    Report(std::vector<Refusal>& refusals, const std::string& file)
        : refusals_(refusals), file_(file), first_(refusals.size()) {}

    std::string object; ///< "NodeQOS/watermark2", as soon as it is known

    /// File and object are the report's own.
    void add(Refusal refusal);
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] const std::string& file() const { return file_; }
    /// What was reported so far; until somebody else adds to the refusals.
    [[nodiscard]] std::span<const Refusal> told() const {
        return std::span<const Refusal>(refusals_).subspan(first_);
    }

private:
    std::vector<Refusal>& refusals_;
    const std::string& file_;
    std::size_t first_; ///< of ours in refusals_
    std::size_t count_ = 0;
    bool failed_ = false;
};

class Field {
public:
    /// The object itself.
    Field(const YamlNode& node, Report& report)
        : node_(&node), line_(node.line), report_(&report) {}

    /// An explicit null is absent, as for the API server.
    [[nodiscard]] bool present() const;
    [[nodiscard]] int line() const { return line_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] Report& report() const { return *report_; }
    [[nodiscard]] YamlNode::Kind kind() const;
    /// Absent, or a list without items.
    [[nodiscard]] bool isEmpty() const;

    /// A member of this map; absent when there is none or this is no map.
    [[nodiscard]] Field at(std::string_view key) const;
    /// Members and items; error when this is something else, empty when absent.
    [[nodiscard]] std::vector<std::pair<std::string, Field>> members() const;
    [[nodiscard]] std::vector<Field> items() const;

    /// These report an error and return nothing when the type or range is wrong; nothing and no
    /// error when absent.
    [[nodiscard]] std::optional<std::string> text() const;
    [[nodiscard]] std::optional<bool> boolean() const;
    [[nodiscard]] std::optional<std::int64_t>
    integer(std::int64_t low = std::numeric_limits<std::int32_t>::min(),
            std::int64_t high = std::numeric_limits<std::int32_t>::max()) const;
    /// A Kubernetes quantity, as number or string.
    [[nodiscard]] std::optional<double> quantity() const;
    [[nodiscard]] std::vector<std::string> texts() const;
    /// A map of strings.
    [[nodiscard]] Labels labels() const;
    /// False, with an error, when present and no map.
    bool isMap() const;

    /// The same, but absent (or "") is an error too.
    [[nodiscard]] std::optional<std::string> requiredText(std::string_view whatItIs) const;
    bool requiredMap(std::string_view whatItIs) const;

    /// Warns of members that are none of these, with the one that was probably meant.
    void warnUnknown(std::span<const std::string_view> known) const;
    void warnUnknown(std::initializer_list<std::string_view> known) const {
        warnUnknown(std::span(known.begin(), known.size()));
    }
    /// Keys that stand twice, here and below.
    void refuseRepeatedKeys() const;

    void error(std::string reason) const;
    void warning(std::string reason) const;
    /// The standard sentence for fields that have no meaning here yet.
    void notActedOn() const;

private:
    Field(const YamlNode* node, int line, std::string path, Report& report)
        : node_(node), line_(line), path_(std::move(path)), report_(&report) {}
    [[nodiscard]] std::string pathOf(std::string_view key) const;
    void wrongType(std::string_view expected) const;

    const YamlNode* node_ = nullptr; ///< null: absent
    int line_ = 0;                   ///< the parent's when absent
    std::string path_;
    Report* report_;
};

} // namespace plimsoll::kube
