// SPDX-License-Identifier: Apache-2.0
#include "kube/json_tree.hpp"

#include "kube/yaml_scalar.hpp"

#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

/// nlohmann-json calls it for each piece that it has read; false ends the reading.
class TreeBuilder : public nlohmann::json_sax<Json> {
public:
    YamlNode root;
    std::string problem;

    bool null() override { return place(YamlNode::Kind::null, "null"); }
    bool boolean(bool value) override {
        YamlNode* node = place(YamlNode::Kind::boolean, value ? "true" : "false");
        if (node != nullptr) {
            node->boolean = value;
        }
        return node != nullptr;
    }
    bool number_integer(std::int64_t value) override { return number(std::to_string(value)); }
    bool number_unsigned(std::uint64_t value) override { return number(std::to_string(value)); }
    bool number_float(double /*value*/, const std::string& text) override { return number(text); }
    bool string(std::string& value) override {
        return place(YamlNode::Kind::text, std::move(value)) != nullptr;
    }
    bool binary(Json::binary_t& /*value*/) override { return false; } // JSON has none

    bool start_object(std::size_t /*size*/) override { return enter(YamlNode::Kind::map); }
    bool start_array(std::size_t /*size*/) override { return enter(YamlNode::Kind::list); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool key(std::string& word) override {
        YamlNode& map = *open_.back();
        if (map.members.size() >= kMaxKeys || map.repeated.size() >= kMaxKeys) {
            return fail("more than " + std::to_string(kMaxKeys) + " keys in one map");
        }
        const bool again = map.find(word) != nullptr;
        auto& members = again ? map.repeated : map.members;
        members.push_back({.key = std::move(word), .line = 1, .value = {}});
        waiting_ = &members.back().value;
        return true;
    }
    bool parse_error(std::size_t at, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*why*/) override {
        return fail("not valid JSON, at byte " + std::to_string(at));
    }

private:
    bool fail(std::string reason) {
        problem = std::move(reason);
        return false;
    }

    bool number(std::string text) {
        YamlNode* node = place(YamlNode::Kind::number, std::move(text));
        if (node != nullptr) {
            resolvePlainScalar(*node);
        }
        return node != nullptr;
    }

    /// Null when it is one too many.
    YamlNode* place(YamlNode::Kind kind, std::string text) {
        if (++nodes_ > kMaxNodes) {
            fail("more than " + std::to_string(kMaxNodes) + " values in one object");
            return nullptr;
        }
        YamlNode* node = waiting_;
        if (node == nullptr) {
            node = open_.empty() ? &root : &open_.back()->items.emplace_back();
        }
        waiting_ = nullptr;
        node->kind = kind;
        node->line = 1;
        node->text = std::move(text);
        return node;
    }

    bool enter(YamlNode::Kind kind) {
        if (open_.size() >= kMaxDepth) {
            return fail("nested deeper than " + std::to_string(kMaxDepth) + " levels");
        }
        YamlNode* node = place(kind, {});
        if (node != nullptr) {
            open_.push_back(node);
        }
        return node != nullptr;
    }

    bool leave() {
        open_.pop_back();
        return true;
    }

    /// The lists and maps around what is read. Only the innermost of them grows, so that none of
    /// the others moves.
    std::vector<YamlNode*> open_;
    YamlNode* waiting_ = nullptr; ///< the value of the key that was read last
    std::size_t nodes_ = 0;
};

} // namespace

YamlText parseJson(std::string_view text) {
    YamlText result;
    TreeBuilder builder;
    try {
        if (Json::sax_parse(text, &builder)) {
            result.documents.push_back(std::move(builder.root));
        }
    } catch (const std::exception& exception) {
        builder.problem = std::string("cannot be read as JSON: ") + exception.what();
    }
    if (result.documents.empty()) {
        result.problem = YamlProblem{1, std::move(builder.problem)};
    }
    return result;
}

} // namespace plimsoll::kube
