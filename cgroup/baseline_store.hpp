// SPDX-License-Identifier: Apache-2.0
// The record of what a cgroup was before Plimsoll changed it. It stands in an extended attribute of
// the cgroup's directory, so that it lives and dies with what it describes, and it is written
// before each change, so that at every moment, a kill included, the value in cpu.max is one of
// `from` and `to` of the record, or not Plimsoll's.
#pragma once

#include "cgroup/unit_properties.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/snapshot.hpp"
#include "daemon/model/units.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cgroup {

inline constexpr std::string_view kBaselineAttribute = "user.plimsoll.cpu.max";

/// A file and what it said.
struct SavedFile {
    std::string file;
    std::optional<std::string> content; ///< none: there was no such file
    friend bool operator==(const SavedFile&, const SavedFile&) = default;
};

/// What systemd had for a unit before Plimsoll set a property of it.
struct UnitBefore {
    ManagedUnit unit;
    std::vector<SavedFile> dropIns; ///< of the properties that Plimsoll sets
    bool dropInDirectory = false;   ///< was there before
    friend bool operator==(const UnitBefore&, const UnitBefore&) = default;
};

struct BaselineRecord {
    CgroupIdentity cgroup;
    std::string baseline;           ///< the bytes of cpu.max before the first change
    std::string from;               ///< the bytes before the change that is under way or done
    std::string to;                 ///< what cpu.max says after it, without the newline
    std::optional<UnitBefore> unit; ///< none: the file is written directly
    /// Other files of the cgroup as they were just before a call to systemd that is under way:
    /// systemd writes its own idea into all of them. Empty while no call is under way.
    std::vector<SavedFile> beside;

    PodUid podUid;
    QosClass qosClass = QosClass::unknown;
    std::string podName;
    Millicores firstUsage;
    std::vector<RuleKey> causes;

    friend bool operator==(const BaselineRecord&, const BaselineRecord&) = default;

    /// `unit`, where the caller knows that there is one.
    [[nodiscard]] const UnitBefore& owner() const;
    /// Whether a value of cpu.max is the baseline or something that Plimsoll (or systemd, on its
    /// request) wrote. The newline does not matter.
    [[nodiscard]] bool isOurs(std::string_view cpuMax) const;
};

/// Lines of key=value with the version in the first and "end" as the last; C escapes in values.
std::string serialise(const BaselineRecord& record);
/// EINVAL, with what is wrong: another version, cut off, or not of this form.
Result<BaselineRecord> parseBaselineRecord(std::string_view text);

/// The record in the attribute. None: the cgroup is not held.
Result<std::optional<BaselineRecord>> loadBaseline(WritePort& port, const OpenGroup& group);
Result<void> storeBaseline(WritePort& port, const OpenGroup& group, const BaselineRecord& record);
Result<void> removeBaseline(WritePort& port, const OpenGroup& group);

/// Without the newline at the end.
std::string_view trimmed(std::string_view bytes);

} // namespace plimsoll::cgroup
