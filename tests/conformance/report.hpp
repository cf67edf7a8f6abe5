// SPDX-License-Identifier: Apache-2.0
// What passed, one line a check.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::conformance {

struct Verdict {
    enum class Kind : std::uint8_t { ok, failed, skipped };
    Kind kind = Kind::ok;
    std::string sentence;
};

inline Verdict ok(std::string sentence) {
    return {Verdict::Kind::ok, std::move(sentence)};
}
inline Verdict failed(std::string sentence) {
    return {Verdict::Kind::failed, std::move(sentence)};
}
inline Verdict skipped(std::string reason) {
    return {Verdict::Kind::skipped, std::move(reason)};
}

class Report {
public:
    explicit Report(std::ostream& out) : out_(&out) {}

    void add(const std::string& name, const Verdict& verdict);
    /// "N passed, N failed, N skipped".
    void end();

    [[nodiscard]] const std::vector<std::pair<std::string, Verdict>>& all() const { return all_; }
    [[nodiscard]] std::size_t count(Verdict::Kind kind) const;

private:
    std::ostream* out_;
    std::vector<std::pair<std::string, Verdict>> all_;
};

} // namespace plimsoll::conformance
