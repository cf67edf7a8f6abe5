// SPDX-License-Identifier: Apache-2.0
// The one place that changes the file of a lever: through systemd where systemd owns the cgroup, in
// the file where it does not, and never without a record of what was there before.
#pragma once

#include "cgroup/baseline_store.hpp"
#include "cgroup/drop_ins.hpp"
#include "cgroup/file_writer.hpp"
#include "cgroup/unit_properties.hpp"
#include "cgroup/write_port.hpp"
#include "daemon/model/error.hpp"
#include "daemon/model/limit.hpp"

#include <optional>
#include <string>
#include <vector>

namespace plimsoll::cgroup {

/// What an undo came to.
struct Undone {
    std::string now;      ///< the file, without the newline
    bool yielded = false; ///< somebody else's value stands and was left
    /// systemd could not be asked: the file and the drop-ins are as before, but its property in
    /// memory is still Plimsoll's. The next undo that reaches it must set it back.
    bool unitPending = false;
    std::vector<SavedFile> beside; ///< notes of a call that is still in doubt
    std::string note;              ///< what did not go as it should, though the value is right
};

class LimitWriter {
public:
    /// `systemdRuntime` is /run/systemd, where the drop-ins are.
    LimitWriter(WritePort& port, UnitProperties& units, const std::string& mount,
                const std::string& systemdRuntime)
        : port_(port), units_(units), files_(port, mount), dropIns_(port, systemdRuntime) {}

    /// The bytes of the lever's file. An error that is not gone() where only the controller is off.
    Result<std::string> read(const OpenGroup& group, Lever lever) const;

    /// Who has to write this cgroup: the unit with what systemd has for it now, or none for the
    /// file. An error where systemd owns it and cannot be asked: then it is not touched.
    Result<std::optional<UnitBefore>> ownerOf(const OpenGroup& group, const CgroupPath& path,
                                              Lever lever) const;

    /// What the file will say when this is asked for: systemd keeps whole percents of a core, the
    /// kernel whole pages.
    static Limit reachable(const Limit& wanted, const BaselineRecord& record);

    /// Makes the file say record.to, and reads it back; the record was stored before. A text in the
    /// result is something beside that file that could not be put back.
    Result<std::string> write(const OpenGroup& group, BaselineRecord& record) const;

    /// Whether the kernel would reclaim memory before a write of this value returns: it does, up
    /// or down, where the usage is above it. A usage that cannot be read may be.
    [[nodiscard]] bool mayBlock(const OpenGroup& group, const Limit& value) const;

    /// The second half of write() where the file alone has been written already, elsewhere, with
    /// the record stored before: tells systemd, and reads back. Where systemd refuses, the file
    /// says record.from again. Where the usage is still above the value, systemd is not told, as it
    /// would be PID 1 that reclaims: record.told then says what it has, and tell() is to follow.
    Result<std::string> confirm(const OpenGroup& group, BaselineRecord& record) const;

    /// Tells systemd what confirm() did not, if that makes nobody reclaim now; record.told says
    /// whether it does.
    Result<void> tell(const OpenGroup& group, BaselineRecord& record) const;

    /// After a call that timed out: once systemd answers, that call is over, done or not. What it
    /// wrote beside is put back then and not later, over what others wrote meanwhile.
    Result<void> settleDoubt(const OpenGroup& group, BaselineRecord& record) const;

    /// The file of `lever` is about to get a record of its own: from now on it is not among what
    /// `record` notes beside its own.
    Result<void> handOver(const OpenGroup& group, BaselineRecord& record, Lever lever) const;

    /// Puts everything back as the record says; where the file holds somebody else's value, that
    /// value stays and what is Plimsoll's around it goes. May be repeated, also after a kill at any
    /// point. The record itself stays: the caller removes it last.
    Result<Undone> undo(const OpenGroup& group, BaselineRecord record) const;

    /// Lets go: the value that stands now stays, whosever it is.
    Result<Undone> yield(const OpenGroup& group, BaselineRecord record) const;

    /// What remains of a unit whose cgroup is gone or is another one by now: its drop-ins, and the
    /// property where the unit came back with it. False: systemd could not be asked; to be
    /// repeated.
    Result<bool> cleanUnit(const std::string& absolutePath, BaselineRecord record) const;

private:
    Result<Undone> restore(const OpenGroup& group, BaselineRecord record) const;
    Result<std::string> change(const OpenGroup& group, BaselineRecord& record, const UnitLimit& had,
                               const UnitLimit& wanted) const;
    Result<std::string> leaveUntold(const OpenGroup& group, BaselineRecord& record) const;
    Result<std::string> writeThroughSystemd(const OpenGroup& group, BaselineRecord& record) const;
    Result<void> resetUnit(const OpenGroup& group, BaselineRecord& record, Undone& undone) const;
    Result<void> settle(const OpenGroup& group, const BaselineRecord& record, Undone& undone) const;
    void dropOurDropIns(const BaselineRecord& record, Undone& undone) const;
    [[nodiscard]] std::vector<SavedFile> withoutRecord(const OpenGroup& group,
                                                       std::vector<SavedFile> files) const;
    [[nodiscard]] bool hasGroupsThatAreNoUnits(const OpenGroup& group) const;

    WritePort& port_;
    UnitProperties& units_;
    FileWriter files_;
    DropIns dropIns_;
};

} // namespace plimsoll::cgroup
