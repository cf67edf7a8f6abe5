// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/devices.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::collector {
namespace {

// A row has some 130 bytes, and a node an interface for each pod.
constexpr std::size_t kFirstBuffer = std::size_t{16} * 1024;
constexpr std::size_t kLargestBuffer = std::size_t{4} * 1024 * 1024; // 30000 devices

/// In memory, or not disks: floppy drives and CD-ROMs.
constexpr std::array<std::string_view, 5> kNoDisks = {"loop", "ram", "zram", "sr", "fd"};

/// "loop7" of "loop".
bool isNumbered(std::string_view name, std::string_view prefix) {
    return name.size() > prefix.size() && name.starts_with(prefix) &&
           std::ranges::all_of(name.substr(prefix.size()),
                               [](char c) { return c >= '0' && c <= '9'; });
}

void setUnknown(DiskSample& disk, Unknown why) {
    disk.readKibps = disk.writeKibps = disk.readIops = disk.writeIops = std::unexpected(why);
    disk.utilization = std::unexpected(why);
}

void setUnknown(InterfaceSample& interface, Unknown why) {
    interface.receiveKbps = interface.sendKbps = std::unexpected(why);
    interface.receivePackets = interface.sendPackets = std::unexpected(why);
    interface.receiveDrops = interface.sendDrops = std::unexpected(why);
}

} // namespace

Disks::Disks(const std::string& sysRoot)
    : blocks_(::open((sysRoot + "/class/block").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

bool Disks::counts(std::string_view name) const {
    if (std::ranges::any_of(kNoDisks,
                            [name](std::string_view kind) { return isNumbered(name, kind); })) {
        return false;
    }
    // sysfs writes a slash within a name ("cciss/c0d0") as an exclamation mark.
    std::string directory(name);
    std::ranges::replace(directory, '/', '!');
    return ::faccessat(blocks_.get(), (directory + "/partition").c_str(), F_OK, 0) != 0;
}

template <class Kind>
DeviceReader<Kind>::DeviceReader(Kind kind) : kind_(std::move(kind)), buffer_(kFirstBuffer) {}

template <class Kind>
void DeviceReader<Kind>::read(int proc, Pass& pass, std::vector<Sample>& into) {
    const auto done = update(proc, pass);
    const auto isUnseen = [&pass](const Device& device) { return device.seen != pass.tick; };
    if (done) {
        std::erase_if(devices_, isUnseen);
    } else {
        for (Device& device : devices_) {
            if (isUnseen(device)) {
                setUnknown(device.sample, done.error());
            }
        }
    }
    publish(into);
}

/// Makes room for nodes with many devices, once.
template <class Kind>
std::expected<std::string_view, cgroup::ReadFailure> DeviceReader<Kind>::readText(int proc) {
    while (true) {
        const auto text = file_.readWhole(proc, buffer_);
        if (!text || text->size() < buffer_.size() || buffer_.size() >= kLargestBuffer) {
            return text;
        }
        buffer_.resize(buffer_.size() * 2);
    }
}

template <class Kind>
std::expected<void, Unknown> DeviceReader<Kind>::update(int proc, Pass& pass) {
    const auto text = readText(proc);
    if (text && updateRows(*text, pass)) {
        return {};
    }
    if (text || text.error() == cgroup::ReadFailure::unreadable) {
        ++pass.unreadable;
        pass.error = text ? EBADMSG : file_.error();
    }
    return std::unexpected(text ? Unknown::unreadable : unknownFrom(text.error()));
}

/// False: from some row on it is not the kernel's text.
template <class Kind>
bool DeviceReader<Kind>::updateRows(std::string_view text, const Pass& pass) {
    if (!kind_.takeHeadings(text)) {
        return false;
    }
    while (!text.empty()) {
        const auto counters = kind_.takeRow(text);
        if (!counters) {
            return false;
        }
        Device& device = find(counters->name);
        // A row may come twice when devices come or go between two pages of the text.
        if (std::exchange(device.seen, pass.tick) != pass.tick && device.counts) {
            device.rates.update(*counters, pass.now, device.sample);
        }
    }
    return true;
}

template <class Kind>
typename DeviceReader<Kind>::Device& DeviceReader<Kind>::find(std::string_view name) {
    const auto nameOf = [](const Device& device) -> std::string_view { return device.sample.name; };
    auto at = std::ranges::lower_bound(devices_, name, {}, nameOf);
    if (at == devices_.end() || at->sample.name != name) {
        at = devices_.emplace(at);
        at->sample.name = name;
        at->counts = kind_.counts(name);
    }
    return *at;
}

/// Element by element: a name that stays where it is costs no allocation.
template <class Kind>
void DeviceReader<Kind>::publish(std::vector<Sample>& into) const {
    const auto count = std::ranges::count_if(devices_, &Device::counts);
    into.resize(static_cast<std::size_t>(count));
    auto to = into.begin();
    for (const Device& device : devices_) {
        if (device.counts) {
            *to++ = device.sample;
        }
    }
}

template class DeviceReader<Disks>;
template class DeviceReader<Interfaces>;

} // namespace plimsoll::collector
