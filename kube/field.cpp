// SPDX-License-Identifier: Apache-2.0
#include "kube/field.hpp"

#include "daemon/model/suggest.hpp"
#include "kube/quantity.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace plimsoll::kube {
namespace {

/// An object has no more to say than an operator reads.
constexpr std::size_t kMaxRefusalsPerObject = 50;
/// Longer words of the file are cut in messages.
constexpr std::size_t kMaxQuoted = 80;

std::string inQuotes(std::string_view word) {
    std::string result = "'";
    for (const char c : word.substr(0, kMaxQuoted)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        result += control ? '?' : c;
    }
    result += word.size() > kMaxQuoted ? "…'" : "'";
    return result;
}

} // namespace

void Report::add(Refusal refusal) {
    failed_ = failed_ || refusal.severity == Refusal::Severity::error;
    ++count_;
    if (count_ > kMaxRefusalsPerObject + 1) {
        if (failed_) { // whoever counts errors must find one
            refusals_.back().severity = Refusal::Severity::error;
        }
        return;
    }
    if (count_ == kMaxRefusalsPerObject + 1) {
        refusal = {.severity = refusal.severity,
                   .line = refusal.line,
                   .reason = "and more of the same kind"};
    }
    refusal.file = file_;
    refusal.object = object;
    refusals_.push_back(std::move(refusal));
}

bool Field::present() const {
    return node_ != nullptr && node_->kind != YamlNode::Kind::null;
}

YamlNode::Kind Field::kind() const {
    return present() ? node_->kind : YamlNode::Kind::null;
}

bool Field::isEmpty() const {
    return !present() || (node_->kind == YamlNode::Kind::list && node_->items.empty());
}

std::string Field::pathOf(std::string_view key) const {
    // Label keys have dots and slashes of their own.
    if (key.find_first_of("./ ") != std::string_view::npos) {
        return path_ + "[" + std::string(key.substr(0, kMaxQuoted)) + "]";
    }
    return path_ + (path_.empty() ? "" : ".") + std::string(key.substr(0, kMaxQuoted));
}

Field Field::at(std::string_view key) const {
    if (kind() == YamlNode::Kind::map) {
        for (const auto& member : node_->members) {
            if (member.key == key) {
                return {&member.value, member.line, pathOf(key), *report_};
            }
        }
    }
    return {nullptr, line_, pathOf(key), *report_};
}

std::vector<std::pair<std::string, Field>> Field::members() const {
    std::vector<std::pair<std::string, Field>> result;
    if (isMap() && present()) {
        for (const auto& member : node_->members) {
            result.emplace_back(member.key,
                                Field(&member.value, member.line, pathOf(member.key), *report_));
        }
    }
    return result;
}

std::vector<Field> Field::items() const {
    std::vector<Field> result;
    if (!present()) {
        return result;
    }
    if (node_->kind != YamlNode::Kind::list) {
        wrongType("a list");
        return result;
    }
    for (std::size_t i = 0; i < node_->items.size(); ++i) {
        const YamlNode& item = node_->items[i];
        result.push_back({&item, item.line, path_ + "[" + std::to_string(i) + "]", *report_});
    }
    return result;
}

std::optional<std::string> Field::text() const {
    if (!present()) {
        return std::nullopt;
    }
    if (node_->kind != YamlNode::Kind::text) {
        const bool scalar =
            node_->kind != YamlNode::Kind::map && node_->kind != YamlNode::Kind::list;
        if (scalar) {
            error("must be a string, and unquoted " + inQuotes(node_->text) + " is " +
                  std::string(describe(node_->kind)) + "; write it in quotes");
        } else {
            wrongType("a string");
        }
        return std::nullopt;
    }
    return node_->text;
}

std::optional<bool> Field::boolean() const {
    if (!present()) {
        return std::nullopt;
    }
    if (node_->kind != YamlNode::Kind::boolean) {
        wrongType("true or false");
        return std::nullopt;
    }
    return node_->boolean;
}

std::optional<std::int64_t> Field::integer(std::int64_t low, std::int64_t high) const {
    if (!present()) {
        return std::nullopt;
    }
    if (node_->kind != YamlNode::Kind::integer) {
        wrongType("a whole number");
        return std::nullopt;
    }
    if (node_->integer < low || node_->integer > high) {
        error("must be from " + std::to_string(low) + " to " + std::to_string(high) + ", not " +
              std::to_string(node_->integer));
        return std::nullopt;
    }
    return node_->integer;
}

std::optional<double> Field::quantity() const {
    if (!present()) {
        return std::nullopt;
    }
    if (node_->kind == YamlNode::Kind::integer || node_->kind == YamlNode::Kind::number) {
        if (!std::isfinite(node_->number) || std::abs(node_->number) > kLargestQuantity) {
            error("must be a finite number, not " + inQuotes(node_->text));
            return std::nullopt;
        }
        return node_->number;
    }
    if (node_->kind != YamlNode::Kind::text) {
        wrongType("a quantity");
        return std::nullopt;
    }
    const auto value = parseQuantity(node_->text);
    if (!value) {
        error("must be a quantity such as 4000, \"80.5\", \"500m\" or \"2Gi\", not " +
              inQuotes(node_->text) + ": " + value.error().what);
        return std::nullopt;
    }
    return *value;
}

std::vector<std::string> Field::texts() const {
    std::vector<std::string> result;
    for (const auto& item : items()) {
        if (!item.present()) {
            item.error("must be a string, not nothing");
        } else if (auto value = item.text()) {
            result.push_back(*std::move(value));
        }
    }
    return result;
}

Labels Field::labels() const {
    Labels result;
    for (const auto& [key, value] : members()) {
        if (!value.present()) {
            result.emplace(key, ""); // as the API server decodes a null in a map of strings
        } else if (auto word = value.text()) {
            result.emplace(key, *std::move(word));
        }
    }
    return result;
}

bool Field::isMap() const {
    if (present() && node_->kind != YamlNode::Kind::map) {
        wrongType("a map");
        return false;
    }
    return true;
}

std::optional<std::string> Field::requiredText(std::string_view whatItIs) const {
    auto value = text();
    if (!present() || (value && value->empty())) {
        error("is missing: " + std::string(whatItIs));
        return std::nullopt;
    }
    return value;
}

bool Field::requiredMap(std::string_view whatItIs) const {
    if (!present()) {
        error("is missing: " + std::string(whatItIs));
        return false;
    }
    return isMap();
}

void Field::warnUnknown(std::span<const std::string_view> known) const {
    for (const auto& [key, value] : members()) {
        if (std::ranges::find(known, key) != known.end()) {
            continue;
        }
        const auto meant = suggestion(key, known);
        value.warning("unknown field " + inQuotes(key) +
                      (meant.empty() ? " is ignored" : ", did you mean " + inQuotes(meant) + "?"));
    }
}

void Field::refuseRepeatedKeys() const {
    if (kind() == YamlNode::Kind::map) {
        for (const auto& member : node_->repeated) {
            Field(&member.value, member.line, pathOf(member.key), *report_)
                .error("stands twice in the same map, first on line " +
                       std::to_string(at(member.key).line()));
        }
        for (const auto& [key, value] : members()) {
            value.refuseRepeatedKeys();
        }
    } else if (kind() == YamlNode::Kind::list) {
        for (const auto& item : items()) {
            item.refuseRepeatedKeys();
        }
    }
}

void Field::wrongType(std::string_view expected) const {
    const bool scalar =
        node_->kind == YamlNode::Kind::text || node_->kind == YamlNode::Kind::integer ||
        node_->kind == YamlNode::Kind::number || node_->kind == YamlNode::Kind::boolean;
    std::string reason = "must be " + std::string(expected) + ", not ";
    if (node_->kind == YamlNode::Kind::text) {
        reason += "the string ";
    }
    error(reason + (scalar ? inQuotes(node_->text) : std::string(describe(node_->kind))));
}

void Field::error(std::string reason) const {
    report_->add({.severity = Refusal::Severity::error,
                  .line = line_,
                  .path = path_,
                  .reason = std::move(reason)});
}

void Field::warning(std::string reason) const {
    report_->add({.severity = Refusal::Severity::warning,
                  .line = line_,
                  .path = path_,
                  .reason = std::move(reason)});
}

void Field::notActedOn() const {
    report_->add({.severity = Refusal::Severity::warning,
                  .line = line_,
                  .path = path_,
                  .reason = "accepted, not acted on yet",
                  .notActedOn = true});
}

} // namespace plimsoll::kube
