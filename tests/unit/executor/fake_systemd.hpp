// SPDX-License-Identifier: Apache-2.0
// systemd as far as CPU quotas and MemoryHigh go, on a tree of plain files: properties, drop-ins,
// what it writes into a unit's cgroup, daemon-reload. As measured on 252 and 257
// (docs/decisions/0002).
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
        cgroup::ManagedUnit state; ///< its `limit` is cpu.max's
        cgroup::UnitLimit memory{.lever = Lever::memoryHigh};
        cgroup::UnitLimit fragment; ///< cpu.max it comes back to without a drop-in
        std::uint64_t memoryFragment = cgroup::kNotSet;
        std::map<std::string, std::string> others; ///< its idea of other files of the cgroup
    };
    std::map<std::string, Unit> units; ///< by cgroup path

    bool available = true;
    bool denies = false;
    /// A call times out and is carried out later, by finishLate().
    bool late = false;
    int changes = 0;

    void add(const std::string& path, bool transient, const cgroup::UnitLimit& cpu = {},
             std::uint64_t memoryHigh = cgroup::kNotSet) {
        const auto unit = path.substr(path.rfind('/') + 1);
        units[path] = {.state = {.name = unit, .transient = transient, .limit = cpu},
                       .memory = {.lever = Lever::memoryHigh, .amount = memoryHigh},
                       .fragment = cpu,
                       .memoryFragment = memoryHigh,
                       .others = {{"cpu.weight", "100\n"}, {"memory.max", "max\n"}}};
    }

    Result<std::optional<cgroup::ManagedUnit>> unitOf(const CgroupPath& path,
                                                      Lever lever) override {
        fuse_.step();
        if (!available) {
            return fail(ENOTCONN, "asking systemd for the unit of " + path.value);
        }
        const auto found = units.find(path.value);
        if (found == units.end()) {
            return std::optional<cgroup::ManagedUnit>{};
        }
        auto unit = found->second.state;
        unit.limit = limitOf(found->second, lever);
        return std::optional(std::move(unit));
    }

    Result<void> change(const std::string& unit, const cgroup::UnitLimit& had,
                        const cgroup::UnitLimit& wanted) override {
        fuse_.step();
        const auto doing =
            "setting " + std::string(cgroup::settingName(wanted.lever)) + " of " + unit;
        if (!available || denies) {
            return fail(denies ? EACCES : ENOTCONN, doing);
        }
        if (late) {
            lateCall_ = [this, unit, had, wanted] { carryOut(unit, had, wanted); };
            available = false;
            return fail(ETIMEDOUT, doing);
        }
        carryOut(unit, had, wanted);
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
        unit.state.limit.amount = quota;
        writeDropIn(unit, "50-CPUQuota.conf", quotaLine(quota));
        realize(path, unit);
    }
    void setMemoryHigh(const std::string& path, std::uint64_t bytes) {
        auto& unit = units.at(path);
        unit.memory.amount = bytes;
        writeDropIn(unit, "50-MemoryHigh.conf", memoryLine(bytes));
        realize(path, unit);
    }

    /// Properties from the files again, and with them the cgroup.
    void daemonReload() {
        for (auto& [path, unit] : units) {
            unit.state.limit = unit.fragment;
            unit.memory.amount = unit.memoryFragment;
            if (const auto value = cgroup::parseDropIn(
                    Lever::memoryHigh, tree_.read(directory(unit) + "/50-MemoryHigh.conf"))) {
                unit.memory.amount = *value;
            }
            const auto quota = directory(unit) + "/50-CPUQuota.conf";
            const auto period = directory(unit) + "/50-CPUQuotaPeriodSec.conf";
            if (const auto value = cgroup::parseDropIn(Lever::cpuMax, tree_.read(quota))) {
                unit.state.limit.amount = *value;
            }
            if (const auto text = tree_.read(period); !text.empty()) {
                const auto at = text.find('=') + 1;
                unit.state.limit.period =
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

    static std::string memoryLine(std::uint64_t bytes) {
        return "MemoryHigh=" +
               (bytes == cgroup::kNotSet ? std::string("infinity") : std::to_string(bytes));
    }

    [[nodiscard]] static const cgroup::UnitLimit& limitOf(const Unit& unit, Lever lever) {
        return lever == Lever::memoryHigh ? unit.memory : unit.state.limit;
    }

    void writeDropIn(const Unit& unit, const std::string& file, const std::string& line) {
        tree_.write(directory(unit) + "/" + file,
                    "# This is a drop-in unit file extension, created via \"systemctl "
                    "set-property\"\n# or an equivalent operation. Do not edit.\n[Slice]\n" +
                        line + "\n");
    }

    void carryOut(const std::string& name, const cgroup::UnitLimit& had,
                  const cgroup::UnitLimit& wanted) {
        for (auto& [path, unit] : units) {
            if (unit.state.name != name) {
                continue;
            }
            ++changes;
            if (wanted.lever == Lever::memoryHigh) {
                setMemoryHigh(path, wanted.amount);
                continue;
            }
            if (had.period != wanted.period) {
                unit.state.limit.period = wanted.period;
                writeDropIn(unit, "50-CPUQuotaPeriodSec.conf",
                            wanted.period == cgroup::kNotSet
                                ? "CPUQuotaPeriodSec="
                                : "CPUQuotaPeriodSec=" + std::to_string(wanted.period / 1000) +
                                      "ms");
            }
            setQuota(path, wanted.amount);
        }
    }

    void realize(const std::string& path, const Unit& unit) {
        auto values = unit.others;
        for (const auto& limit : {unit.state.limit, unit.memory}) {
            values[std::string(name(limit.lever))] = formatLimit(cgroup::rendered(limit)) + "\n";
        }
        for (const auto& [file, value] : values) {
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
