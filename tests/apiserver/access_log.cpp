// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/access_log.hpp"

#include <algorithm>

namespace plimsoll::test::apiserver {

std::size_t AccessLog::begin(Access access) {
    const std::scoped_lock lock(mutex_);
    entries_.push_back(std::move(access));
    return first_ + entries_.size() - 1;
}

Access* AccessLog::find(std::size_t number) {
    return number < first_ ? nullptr : &entries_.at(number - first_);
}

void AccessLog::answered(std::size_t number, int status) {
    const std::scoped_lock lock(mutex_);
    if (Access* access = find(number))
        access->status = status;
}

void AccessLog::sent(std::size_t number, std::size_t bytesIn, std::size_t bytesOut) {
    const std::scoped_lock lock(mutex_);
    if (Access* access = find(number)) {
        access->bytesIn = bytesIn;
        access->bytesOut = bytesOut;
    }
}

void AccessLog::ended(std::size_t number) {
    const std::scoped_lock lock(mutex_);
    if (Access* access = find(number))
        access->isOpen = false;
}

std::vector<Access> AccessLog::entries() const {
    const std::scoped_lock lock(mutex_);
    return entries_;
}

std::size_t AccessLog::count(const std::string& method, const std::string& part) const {
    const std::scoped_lock lock(mutex_);
    return std::size_t(std::ranges::count_if(entries_, [&](const Access& access) {
        return (method.empty() || access.method == method) && access.path.contains(part);
    }));
}

void AccessLog::clear() {
    const std::scoped_lock lock(mutex_);
    first_ += entries_.size();
    entries_.clear();
}

Json toJson(const Access& access) {
    const auto time =
        std::chrono::duration_cast<std::chrono::milliseconds>(access.time.time_since_epoch());
    return {{"timeMs", time.count()},      {"user", access.user},     {"method", access.method},
            {"path", access.path},         {"status", access.status}, {"bytesIn", access.bytesIn},
            {"bytesOut", access.bytesOut}, {"open", access.isOpen}};
}

} // namespace plimsoll::test::apiserver
