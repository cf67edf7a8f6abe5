// SPDX-License-Identifier: Apache-2.0
// The record of what a cgroup was before Plimsoll changed it. It stands in an extended attribute of
// the cgroup's directory, so that it lives and dies with what it describes, and it is written
// before each change, so that at every moment, a kill included, the value in the file is one of
// `from` and `to` of the record, or not Plimsoll's. Each lever has an attribute of its own: a pod
// may be held by several.
#pragma once

#include "cgroup/unit_properties.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/ids.hpp"
#include "daemon/model/limit.hpp"
#include "daemon/model/pod.hpp"
#include "daemon/model/snapshot.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cgroup {

/// The levers that leave something behind: what is held, and put back.
inline constexpr std::array kHeldLevers = {Lever::cpuMax, Lever::memoryHigh};

/// "user.plimsoll.cpu.max", "user.plimsoll.memory.high".
std::string attributeName(Lever lever);

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
    Lever lever = Lever::cpuMax;    ///< one that is held
    std::string baseline;           ///< the bytes of the file before the first change
    std::string from;               ///< the bytes before the change that is under way or done
    std::string to;                 ///< what the file says after it, without the newline
    std::optional<UnitBefore> unit; ///< none: the file is written directly
    /// What systemd still has of Plimsoll's (or had before it) where the file is ahead of it: told
    /// at once, it would reclaim. Empty: systemd has `to`.
    std::string told;
    /// Other files of the cgroup as they were just before a call to systemd that is under way:
    /// systemd writes its own idea into all of them. Empty while no call is under way. Never the
    /// file of a lever that has a record of its own.
    std::vector<SavedFile> beside;

    PodUid podUid;
    QosClass qosClass = QosClass::unknown;
    std::string podName;
    Resources firstUsage;
    std::vector<RuleKey> causes;

    friend bool operator==(const BaselineRecord&, const BaselineRecord&) = default;

    /// `unit`, where the caller knows that there is one.
    [[nodiscard]] const UnitBefore& owner() const;
    /// Whether a value of the file is the baseline or something that Plimsoll (or systemd, on its
    /// request) wrote. The newline does not matter.
    [[nodiscard]] bool isOurs(std::string_view bytes) const;
    /// Whether both are about the same lever of the same cgroup.
    [[nodiscard]] bool sameHold(const BaselineRecord& other) const {
        return cgroup == other.cgroup && lever == other.lever;
    }
};

/// Lines of key=value, "plimsoll LEVER VERSION" before and "end" after them; C escapes in values.
std::string serialise(const BaselineRecord& record);
/// EINVAL, with what is wrong: another version, cut off, or not of this form.
Result<BaselineRecord> parseBaselineRecord(std::string_view text);

/// The record in the attribute. None: the cgroup is not held.
Result<std::optional<BaselineRecord>> loadBaseline(WritePort& port, const OpenGroup& group,
                                                   Lever lever);
Result<void> storeBaseline(WritePort& port, const OpenGroup& group, const BaselineRecord& record);
Result<void> removeBaseline(WritePort& port, const OpenGroup& group, Lever lever);

/// Without the newline at the end.
std::string_view trimmed(std::string_view bytes);

} // namespace plimsoll::cgroup
