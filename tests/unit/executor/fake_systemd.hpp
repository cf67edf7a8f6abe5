// SPDX-License-Identifier: Apache-2.0
// systemd as far as CPU quotas go, on a tree of plain files: properties, drop-ins, what it writes
// into a unit's cgroup, daemon-reload. As measured on 252 and 257 (docs/decisions/0002).
#pragma once

#include "cgroup/drop_ins.hpp"
#include "cgroup/unit_properties.hpp"
#include "tests/unit/executor/fuse.hpp"
#include "tests/unit/support/fake_tree.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <utility>

namespace plimsoll::test {

class FakeSystemd : public cgroup::UnitProperties {
public:
    /// `cgroups` and `runtime` are folders of the tree.
    FakeSystemd(FakeTree& tree, Fuse& fuse, std::string cgroups, std::string runtime)
        : tree_(tree), fuse_(fuse), cgroups_(std::move(cgroups)), runtime_(std::move(runtime)) {}

    struct Unit {
        cgroup::ManagedUnit state;
        cgroup::CpuProperties fragment;            ///< what it comes back to without a drop-in
        std::map<std::string, std::string> others; ///< its idea of other files of the cgroup
    };
    std::map<std::string, Unit> units; ///< by cgroup path

    bool available = true;
    bool denies = false;
    /// A call times out and is carried out later, by finishLate().
    bool late = false;
    int changes = 0;

    void add(const std::string& path, bool transient, const cgroup::CpuProperties& cpu = {}) {
        const auto name = path.substr(path.rfind('/') + 1);
        units[path] = {.state = {.name = name, .transient = transient, .cpu = cpu},
                       .fragment = cpu,
                       .others = {{"cpu.weight", "100\n"}, {"memory.max", "max\n"}}};
    }

    Result<std::optional<cgroup::ManagedUnit>> unitOf(const CgroupPath& path) override {
        fuse_.step();
        if (!available) {
            return fail(ENOTCONN, "asking systemd for the unit of " + path.value);
        }
        const auto found = units.find(path.value);
        return found == units.end() ? std::optional<cgroup::ManagedUnit>{}
                                    : std::optional(found->second.state);
    }

    Result<void> change(const std::string& name, const cgroup::CpuProperties& had,
                        const cgroup::CpuProperties& wanted) override {
        fuse_.step();
        if (!available || denies) {
            return fail(denies ? EACCES : ENOTCONN, "setting CPUQuota of " + name);
        }
        if (late) {
            lateCall_ = [this, name, had, wanted] { carryOut(name, had, wanted); };
            available = false;
            return fail(ETIMEDOUT, "setting CPUQuota of " + name);
        }
        carryOut(name, had, wanted);
        return {};
    }
    void beginTurn() override {}

    void finishLate() {
        available = true;
        late = false;
        if (auto call = std::exchange(lateCall_, nullptr)) {
            call();
        }
    }

    /// What "systemctl set-property --runtime" of somebody else does.
    void setQuota(const std::string& path, std::uint64_t quota) {
        auto& unit = units.at(path);
        unit.state.cpu.quotaPerSecond = quota;
        writeDropIn(unit, "50-CPUQuota.conf", quotaLine(quota));
        realize(path, unit);
    }

    /// Properties from the files again, and with them the cgroup.
    void daemonReload() {
        for (auto& [path, unit] : units) {
            unit.state.cpu = unit.fragment;
            const auto quota = directory(unit) + "/50-CPUQuota.conf";
            const auto period = directory(unit) + "/50-CPUQuotaPeriodSec.conf";
            if (const auto value = cgroup::parseQuotaDropIn(tree_.read(quota))) {
                unit.state.cpu.quotaPerSecond = *value;
            }
            if (const auto text = tree_.read(period); !text.empty()) {
                const auto at = text.find('=') + 1;
                unit.state.cpu.period =
                    text[at] == '\n' ? cgroup::kNotSet : std::stoull(text.substr(at)) * 1000;
            }
            realize(path, unit);
        }
    }

    /// The unit ends and its cgroup with it; a transient one takes its files along.
    void stop(const std::string& path) {
        const auto& unit = units.at(path);
        if (unit.state.transient) {
            tree_.remove(directory(unit));
        }
        tree_.remove(cgroups_ + path);
        units.erase(path);
    }

    [[nodiscard]] std::string directory(const Unit& unit) const {
        return runtime_ + (unit.state.transient ? "/transient/" : "/system.control/") +
               unit.state.name + ".d";
    }

private:
    static std::string quotaLine(std::uint64_t quota) {
        return quota == cgroup::kNotSet ? "CPUQuota="
                                        : "CPUQuota=" + std::to_string(quota / 10'000) + "%";
    }

    void writeDropIn(const Unit& unit, const std::string& file, const std::string& line) {
        tree_.write(directory(unit) + "/" + file,
                    "# This is a drop-in unit file extension, created via \"systemctl "
                    "set-property\"\n# or an equivalent operation. Do not edit.\n[Slice]\n" +
                        line + "\n");
    }

    void carryOut(const std::string& name, const cgroup::CpuProperties& had,
                  const cgroup::CpuProperties& wanted) {
        for (auto& [path, unit] : units) {
            if (unit.state.name != name) {
                continue;
            }
            ++changes;
            if (had.period != wanted.period) {
                unit.state.cpu.period = wanted.period;
                writeDropIn(unit, "50-CPUQuotaPeriodSec.conf",
                            wanted.period == cgroup::kNotSet
                                ? "CPUQuotaPeriodSec="
                                : "CPUQuotaPeriodSec=" + std::to_string(wanted.period / 1000) +
                                      "ms");
            }
            unit.state.cpu.quotaPerSecond = wanted.quotaPerSecond;
            writeDropIn(unit, "50-CPUQuota.conf", quotaLine(wanted.quotaPerSecond));
            realize(path, unit);
        }
    }

    void realize(const std::string& path, const Unit& unit) {
        tree_.write(cgroups_ + path + "/cpu.max",
                    formatCpuMax(cgroup::rendered(unit.state.cpu)) + "\n");
        for (const auto& [file, value] : unit.others) {
            if (std::filesystem::exists(tree_.path(cgroups_ + path + "/" + file))) {
                tree_.write(cgroups_ + path + "/" + file, value);
            }
        }
    }

    FakeTree& tree_;
    Fuse& fuse_;
    std::string cgroups_;
    std::string runtime_;
    std::function<void()> lateCall_;
};

} // namespace plimsoll::test
