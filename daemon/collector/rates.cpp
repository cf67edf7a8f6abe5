// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/rates.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace plimsoll::collector {
namespace {

/// Idle and iowait are estimates that the kernel corrects, now and then downwards (proc(5)).
double growth(std::uint64_t from, std::uint64_t to) {
    return to > from ? static_cast<double>(to - from) : 0.0;
}

constexpr double kKibibytesPerSector = 512.0 / 1024;
constexpr double kKilobitsPerByte = 8.0 / 1000;
constexpr double kPercentPerMicrosecond = 100 / 1e6; // of a second
constexpr double kPercentPerMillisecond = 100 / 1e3;

Reading<double> scaled(Reading<double> rate, double factor) {
    if (rate) {
        *rate *= factor;
    }
    return rate;
}

/// The kernel's clock and ours are read one after the other: a share may come out above 100.
Reading<Percent> share(const Reading<double>& rate, double factor) {
    if (!rate) {
        return std::unexpected(rate.error());
    }
    return Percent{std::clamp(*rate * factor, 0.0, 100.0)};
}

NodeCpuRates all(Unknown why) {
    return {.usage = std::unexpected(why),
            .utilization = std::unexpected(why),
            .iowait = std::unexpected(why),
            .steal = std::unexpected(why)};
}

} // namespace

Reading<double> CounterRate::update(std::uint64_t value, MonotonicTime now) {
    const bool known = std::exchange(known_, true);
    const double seconds = std::chrono::duration<double>(now - at_).count();
    if (known && seconds <= 0) {
        return std::unexpected(Unknown::stale);
    }
    const std::uint64_t before = std::exchange(value_, value);
    at_ = now;
    if (!known) {
        return std::unexpected(Unknown::notYet);
    }
    if (value < before) {
        return std::unexpected(Unknown::reset);
    }
    return static_cast<double>(value - before) / seconds;
}

void StalledRates::update(const PressureSet& pressure, MonotonicTime now, StalledSet& into) {
    update(cpu_, pressure.cpu, now, into.cpuSome, into.cpuFull);
    update(memory_, pressure.memory, now, into.memorySome, into.memoryFull);
    update(io_, pressure.io, now, into.ioSome, into.ioFull);
}

void StalledRates::update(Resource& resource, const Reading<Pressure>& pressure, MonotonicTime now,
                          Reading<Percent>& some, Reading<Percent>& full) {
    if (!pressure) {
        some = full = std::unexpected(pressure.error());
        return;
    }
    const auto shareOf = [now](CounterRate& total, const PressureLine& line) {
        return share(total.update(line.totalMicroseconds, now), kPercentPerMicrosecond);
    };
    some = shareOf(resource.some, pressure->some);
    const std::optional<PressureLine>& fullLine = pressure->full;
    full = fullLine ? shareOf(resource.full, *fullLine) : std::unexpected(Unknown::missing);
}

Reading<Percent> ThrottledShare::update(const cgroup::CpuStat& stat) {
    if (!stat.periods || !stat.throttledPeriods) {
        last_.reset();
        return std::unexpected(Unknown::missing);
    }
    const Periods now{.all = *stat.periods, .throttled = *stat.throttledPeriods};
    const std::optional<Periods> before = std::exchange(last_, now);
    if (!before) {
        return std::unexpected(Unknown::notYet);
    }
    if (now.all < before->all || now.throttled < before->throttled) {
        return std::unexpected(Unknown::reset);
    }
    if (now.all == before->all) {
        return Percent{0};
    }
    const auto periods = static_cast<double>(now.all - before->all);
    const auto throttled = static_cast<double>(now.throttled - before->throttled);
    return Percent{std::min(throttled / periods * 100, 100.0)};
}

void DiskRates::update(const cgroup::DiskCounters& counters, MonotonicTime now, DiskSample& into) {
    into.readKibps = scaled(readSectors_.update(counters.readSectors, now), kKibibytesPerSector);
    into.writeKibps =
        scaled(writtenSectors_.update(counters.writtenSectors, now), kKibibytesPerSector);
    into.readIops = reads_.update(counters.reads, now);
    into.writeIops = writes_.update(counters.writes, now);
    into.utilization = share(busy_.update(counters.busyMilliseconds, now), kPercentPerMillisecond);
}

void InterfaceRates::update(const cgroup::InterfaceCounters& counters, MonotonicTime now,
                            InterfaceSample& into) {
    into.receiveKbps = scaled(receivedBytes_.update(counters.receivedBytes, now), kKilobitsPerByte);
    into.sendKbps = scaled(sentBytes_.update(counters.sentBytes, now), kKilobitsPerByte);
    into.receivePackets = receivedPackets_.update(counters.receivedPackets, now);
    into.sendPackets = sentPackets_.update(counters.sentPackets, now);
    into.receiveDrops = receiveDrops_.update(counters.receiveDrops, now);
    into.sendDrops = sendDrops_.update(counters.sendDrops, now);
}

NodeCpuRates NodeCpuRate::update(const cgroup::NodeCpuTimes& times, MonotonicTime now) {
    if (!std::exchange(known_, true)) {
        times_ = times;
        at_ = now;
        return all(Unknown::notYet);
    }
    const double busy = growth(times_.busy, times.busy);
    const double iowait = growth(times_.iowait, times.iowait);
    const double steal = growth(times_.steal, times.steal);
    const double total = busy + iowait + steal + growth(times_.idle, times.idle);
    if (times.busy < times_.busy) {
        times_ = times;
        at_ = now;
        return all(Unknown::reset);
    }
    if (now <= at_ || total <= 0) { // within one tick of USER_HZ, 10 ms
        return all(Unknown::stale);
    }
    times_ = times;
    at_ = now;
    const double capacity = 1000.0 * times.onlineCpus;
    return {.usage = Millicores{busy / total * capacity},
            .utilization = Percent{busy / total * 100},
            .iowait = Percent{iowait / total * 100},
            .steal = Percent{steal / total * 100}};
}

} // namespace plimsoll::collector
