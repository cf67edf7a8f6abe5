// SPDX-License-Identifier: Apache-2.0
// Audit entries → journald, with MESSAGE_ID and PLIMSOLL_* fields.
#pragma once

#include "daemon/audit/entry.hpp"

namespace plimsoll::audit {

/// Where entries go. Tests keep them in a vector.
class Sink {
public:
    virtual ~Sink() = default;
    virtual void write(const Entry& entry) = 0;
};

/// sd_journal_sendv. Without journald an entry goes to the log instead: nothing is lost silently.
class Journal : public Sink {
public:
    void write(const Entry& entry) override;
};

} // namespace plimsoll::audit
