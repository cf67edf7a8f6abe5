// SPDX-License-Identifier: Apache-2.0
#include "daemon/audit/journal.hpp"

#include <spdlog/spdlog.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

namespace plimsoll::audit {
namespace {

spdlog::level::level_enum levelOf(int priority) {
    if (priority <= LOG_ERR) {
        return spdlog::level::err;
    }
    return priority == LOG_WARNING ? spdlog::level::warn : spdlog::level::info;
}

/// sd_journal_sendv says 0 also when no journald listens.
bool journaldListens() {
    return access("/run/systemd/journal/socket", W_OK) == 0;
}

} // namespace

void Journal::write(const Entry& entry) {
    if (!journaldListens()) {
        spdlog::log(levelOf(entry.priority), "{}", entry.message);
        return;
    }
    std::vector<std::string> lines{
        "MESSAGE=" + entry.message,
        "PRIORITY=" + std::to_string(entry.priority),
        "MESSAGE_ID=" + std::string(info(entry.event).messageId),
        "SYSLOG_IDENTIFIER=plimsolld",
        "PLIMSOLL_EVENT=" + std::string(info(entry.event).name),
    };
    if (!entry.objectUnit.empty()) {
        lines.push_back("OBJECT_SYSTEMD_UNIT=" + entry.objectUnit);
    }
    for (const auto& [field, value] : entry.fields) {
        if (!value.empty()) {
            lines.emplace_back("PLIMSOLL_").append(field).append("=").append(value);
        }
    }
    std::vector<iovec> parts;
    parts.reserve(lines.size());
    for (auto& line : lines) {
        parts.push_back({line.data(), line.size()});
    }
    const int status = sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
    if (status < 0) {
        spdlog::log(levelOf(entry.priority), "{} (journal: error {})", entry.message, -status);
    }
}

} // namespace plimsoll::audit
