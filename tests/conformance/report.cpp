// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/report.hpp"

#include <algorithm>
#include <array>
#include <ostream>

namespace plimsoll::conformance {

using Kind = Verdict::Kind;

void Report::add(const std::string& name, const Verdict& verdict) {
    constexpr std::array kWords{"ok", "failed", "skipped"};
    *out_ << kWords.at(std::size_t(verdict.kind)) << " " << name << ": " << verdict.sentence << '\n'
          << std::flush; // whoever waits for it sees how far it is
    all_.emplace_back(name, verdict);
}

void Report::end() {
    *out_ << count(Kind::ok) << " passed, " << count(Kind::failed) << " failed, "
          << count(Kind::skipped) << " skipped" << '\n'
          << std::flush;
}

std::size_t Report::count(Kind kind) const {
    return std::size_t(
        std::ranges::count_if(all_, [&](const auto& one) { return one.second.kind == kind; }));
}

} // namespace plimsoll::conformance
