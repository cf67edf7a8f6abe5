// SPDX-License-Identifier: Apache-2.0
// The other files of a cgroup that systemd writes when one property of its unit is set. It has no
// call that writes one file alone: every property of the unit is realised again (systemd 252 and
// 257, measured), and what somebody else had written into these files by hand is gone. So they are
// noted just before the call and put back just after it.
#pragma once

#include "cgroup/baseline_store.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"

#include <vector>

namespace plimsoll::cgroup {

/// All but the file of the lever that is being set.
Result<std::vector<SavedFile>> noteBeside(WritePort& port, const OpenGroup& group, Lever lever);

/// Writes back what differs. Goes through all of them; the first error is returned.
Result<void> putBackBeside(WritePort& port, const OpenGroup& group,
                           const std::vector<SavedFile>& files);

} // namespace plimsoll::cgroup
