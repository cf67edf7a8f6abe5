// SPDX-License-Identifier: Apache-2.0
// Taking times, and setting them beside a budget.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <string>
#include <vector>

namespace plimsoll::bench {

/// CPU time of this thread: what other processes take of a shared machine does not count.
inline double cpuSeconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

template <class Function>
double timed(Function&& function) {
    const double start = cpuSeconds();
    function();
    return cpuSeconds() - start;
}

inline double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// One line of the table.
struct Line {
    std::string what;
    std::string measured;
    std::string budget; ///< empty: none
    bool met = true;
};

} // namespace plimsoll::bench
