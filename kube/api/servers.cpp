// SPDX-License-Identifier: Apache-2.0
#include "kube/api/servers.hpp"

#include <algorithm>

namespace plimsoll::kube {

const std::string& Servers::chosen(const std::vector<std::string>& list) {
    if (std::ranges::find(list, chosen_) == list.end()) {
        chosen_ = list.front();
    }
    return chosen_;
}

void Servers::failed(const std::vector<std::string>& list, const std::string& server) {
    std::erase_if(
        failed_, [&list](const auto& each) { return std::ranges::find(list, each) == list.end(); });
    const auto place = std::ranges::find(list, server);
    if (place == list.end()) {
        return;
    }
    failed_.insert(server);
    if (server == chosen_) {
        const auto after = place + 1;
        chosen_ = after == list.end() ? list.front() : *after;
    }
}

bool Servers::allFailed(const std::vector<std::string>& list) const {
    return std::ranges::all_of(list,
                               [this](const auto& server) { return failed_.contains(server); });
}

} // namespace plimsoll::kube
