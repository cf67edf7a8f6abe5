// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/fields.hpp"
#include "kube/yaml_tree.hpp"

#include <exception>
#include <string>
#include <utility>

namespace plimsoll::kube {
namespace {

using Json = nlohmann::json;

/// With room for what the mirror's file puts around an object.
constexpr std::size_t kDeepest = kMaxDepth - 1;

/// nlohmann-json calls it for each piece that it has read; false ends the reading. Its own
/// callback for leaving things out takes a time that is the square of the length.
class Reader : public nlohmann::json_sax<Json> {
public:
    explicit Reader(const KeptFields& kept) : next_(&kept) {}

    Json root;
    std::string problem;

    bool null() override { return place(nullptr); }
    bool boolean(bool value) override { return place(value); }
    bool number_integer(std::int64_t value) override { return place(value); }
    bool number_unsigned(std::uint64_t value) override { return place(value); }
    bool number_float(double value, const std::string& /*text*/) override { return place(value); }
    bool string(std::string& value) override {
        return next() == nullptr || place(std::move(value));
    }
    bool binary(Json::binary_t& /*value*/) override { return false; } // JSON has none

    bool start_object(std::size_t /*size*/) override { return enter(Json::object()); }
    bool start_array(std::size_t /*size*/) override { return enter(Json::array()); }
    bool end_object() override { return leave(); }
    bool end_array() override { return leave(); }
    bool key(std::string& word) override {
        const Open& parent = open_.back();
        next_ = parent.kept == nullptr ? nullptr : parent.kept->below(word);
        if (next_ != nullptr) {
            member_ = std::move(word);
        }
        return true;
    }
    bool parse_error(std::size_t at, const std::string& /*token*/,
                     const nlohmann::detail::exception& /*why*/) override {
        return fail("not valid JSON, at byte " + std::to_string(at));
    }

private:
    struct Open {
        Json value;
        const KeptFields* kept; ///< of what stands in it; null: nothing
        std::string member;     ///< what it is in the one around it, if that is a map
    };

    bool fail(std::string reason) {
        problem = std::move(reason);
        return false;
    }

    /// What is kept of the value that comes now.
    [[nodiscard]] const KeptFields* next() const {
        const bool inList = !open_.empty() && open_.back().value.is_array();
        return inList ? open_.back().kept : next_;
    }

    bool place(Json value) {
        if (next() == nullptr) {
            return true;
        }
        if (++values_ > kMaxNodes) {
            return fail("more than " + std::to_string(kMaxNodes) + " values in one object");
        }
        put(std::move(value), std::move(member_));
        return true;
    }

    void put(Json value, std::string member) {
        if (open_.empty()) {
            root = std::move(value);
        } else if (open_.back().value.is_array()) {
            open_.back().value.push_back(std::move(value));
        } else {
            open_.back().value[std::move(member)] = std::move(value);
        }
    }

    bool enter(Json empty) {
        if (open_.size() >= kDeepest) {
            return fail("nested deeper than " + std::to_string(kDeepest) + " levels");
        }
        const KeptFields* kept = next();
        if (kept != nullptr && ++values_ > kMaxNodes) {
            return fail("more than " + std::to_string(kMaxNodes) + " values in one object");
        }
        open_.push_back({.value = std::move(empty), .kept = kept, .member = std::move(member_)});
        return true;
    }

    bool leave() {
        Open done = std::move(open_.back());
        open_.pop_back();
        if (done.kept == nullptr) {
            return true;
        }
        // A map of which nothing was kept is no reason for a difference.
        const bool inMap = !open_.empty() && open_.back().value.is_object();
        const bool whole = done.kept->which == KeptFields::Which::all;
        if (!inMap || whole || !done.value.empty()) {
            put(std::move(done.value), std::move(done.member));
        }
        return true;
    }

    std::vector<Open> open_;
    const KeptFields* next_; ///< of the root, then of the key that was read last
    std::string member_;     ///< that key, where its value is kept
    std::size_t values_ = 0;
};

} // namespace

Result<Json> readKept(std::string_view text, const KeptFields& kept) {
    Reader reader(kept);
    try {
        if (Json::sax_parse(text, &reader)) {
            return std::move(reader.root);
        }
    } catch (const std::exception& exception) {
        reader.problem = std::string("cannot be read as JSON: ") + exception.what();
    }
    return fail(0, std::move(reader.problem));
}

} // namespace plimsoll::kube
