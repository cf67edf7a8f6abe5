// SPDX-License-Identifier: Apache-2.0
#include "daemon/collector/node_reader.hpp"

#include <algorithm>
#include <fcntl.h>
#include <string_view>

namespace plimsoll::collector {
namespace {

constexpr std::size_t kFirstStatBuffer = std::size_t{8} * 1024; // some 100 CPUs
constexpr std::size_t kLargestStatBuffer =
    std::size_t{1024} * 1024; // more CPUs than Linux supports

/// The line behind those of the CPUs, which alone are wanted.
bool hasAllCpus(std::string_view text) {
    return text.find("\nintr ") != std::string_view::npos;
}

} // namespace

NodeReader::NodeReader(const std::string& procRoot, const std::string& sysRoot)
    : proc_(::open(procRoot.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)), disks_(Disks(sysRoot)),
      statBuffer_(kFirstStatBuffer) {
    growStatBuffer();
}

void NodeReader::read(Pass& pass, NodeSample& into) {
    readCpu(pass, into);
    readMemory(pass, into);
    into.load = toReading(readFile(load_, proc_.get(), pass, cgroup::parseLoadAverage));
    pressure_.read(proc_.get(), pass, into.pressure, into.stalled);
    disks_.read(proc_.get(), pass, into.disks);
    interfaces_.read(proc_.get(), pass, into.interfaces);
}

/// Makes room for nodes with many CPUs, once.
void NodeReader::growStatBuffer() {
    while (statBuffer_.size() < kLargestStatBuffer) {
        const auto text = stat_.read(proc_.get(), statBuffer_);
        if (!text || text->size() < statBuffer_.size() || hasAllCpus(*text)) {
            return;
        }
        statBuffer_.resize(statBuffer_.size() * 2);
    }
}

void NodeReader::readCpu(Pass& pass, NodeSample& into) {
    Pass own{.now = pass.now, .buffer = statBuffer_};
    const auto times = readFile(stat_, proc_.get(), own, [this](std::string_view text) {
        const bool cutOff = text.size() == statBuffer_.size() && !hasAllCpus(text);
        return cutOff ? std::nullopt : cgroup::parseProcStat(text);
    });
    if (own.unreadable > 0) {
        ++pass.unreadable;
        pass.error = own.error;
        growStatBuffer(); // perhaps CPUs were added; the next tick has them
    }
    NodeCpuRates rates;
    into.onlineCpus = 0;
    if (times) {
        into.onlineCpus = times->onlineCpus;
        rates = cpu_.update(*times, pass.now);
    } else {
        rates.usage = std::unexpected(unknownFrom(times.error()));
        rates.utilization = rates.iowait = rates.steal =
            std::unexpected(unknownFrom(times.error()));
    }
    into.cpuUsage = rates.usage;
    into.cpuUtilization = rates.utilization;
    into.cpuIowait = rates.iowait;
    into.cpuSteal = rates.steal;
}

void NodeReader::readMemory(Pass& pass, NodeSample& into) {
    const auto memory = readFile(memoryInfo_, proc_.get(), pass, cgroup::parseMemoryInfo);
    if (!memory || memory->total == 0) {
        const Unknown why = memory ? Unknown::unreadable : unknownFrom(memory.error());
        into.memoryTotal = into.memoryUsage = std::unexpected(why);
        into.memoryUtilization = std::unexpected(why);
        return;
    }
    const auto total = static_cast<double>(memory->total);
    const double usage = std::max(0.0, total - static_cast<double>(memory->available));
    into.memoryTotal = Bytes{total};
    into.memoryUsage = Bytes{usage};
    into.memoryUtilization = Percent{usage / total * 100};
}

} // namespace plimsoll::collector
