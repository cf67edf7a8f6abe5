// SPDX-License-Identifier: Apache-2.0
// A cgroup (or /proc) tree of plain files in a temporary directory, as the kernel would show it.
// Writes truncate, as the kernel's files do in effect. What plain files cannot show: a kept-open
// file of a removed cgroup answers ENODEV on cgroup2, and old bytes here.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

namespace plimsoll::test {

/// What a pod's or container's directory holds. The defaults are those of an idle pod.
struct FakeCgroup {
    unsigned long long usageMicroseconds = 1'000'000;
    std::string cpuMax = "max 100000\n";
    std::string memoryCurrent = "20971520\n";
    unsigned long long inactiveFile = 4'194'304;
    std::string pressure = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
                           "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";
    unsigned long long periods = 0;
    unsigned long long throttledPeriods = 0;
    std::string memoryHigh = "max\n";
    unsigned long long highEvents = 0;
};

inline std::string cpuStatText(unsigned long long usageMicroseconds, unsigned long long periods = 0,
                               unsigned long long throttledPeriods = 0) {
    return "usage_usec " + std::to_string(usageMicroseconds) + "\nuser_usec " +
           std::to_string(usageMicroseconds / 2) + "\nsystem_usec " +
           std::to_string(usageMicroseconds / 2) +
           "\nnice_usec 0\ncore_sched.force_idle_usec 0\nnr_periods " + std::to_string(periods) +
           "\nnr_throttled " + std::to_string(throttledPeriods) +
           "\nthrottled_usec 0\nnr_bursts 0\nburst_usec 0\n";
}

inline std::string memoryEventsText(unsigned long long highEvents) {
    return "low 0\nhigh " + std::to_string(highEvents) +
           "\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n";
}

inline std::string memoryStatText(unsigned long long inactiveFile) {
    return "anon 10485760\nfile 8388608\nkernel 1048576\nkernel_stack 65536\npagetables 131072\n"
           "sec_pagetables 0\npercpu 2048\nsock 0\nvmalloc 0\nshmem 0\nzswap 0\nzswapped 0\n"
           "file_mapped 2097152\nfile_dirty 0\nfile_writeback 0\nswapcached 0\nanon_thp 0\n"
           "file_thp 0\nshmem_thp 0\ninactive_anon 10485760\nactive_anon 4096\ninactive_file " +
           std::to_string(inactiveFile) +
           "\nactive_file 4194304\nunevictable 0\nslab_reclaimable 300000\n"
           "slab_unreclaimable 200000\nslab 500000\nworkingset_refault_anon 0\n"
           "workingset_refault_file 0\nworkingset_activate_anon 0\nworkingset_activate_file 0\n"
           "workingset_restore_anon 0\nworkingset_restore_file 0\nworkingset_nodereclaim 0\n"
           "pgscan 0\npgsteal 0\npgscan_kswapd 0\npgscan_direct 0\npgsteal_kswapd 0\n"
           "pgsteal_direct 0\npgfault 4711\npgmajfault 0\npgrefill 0\npgactivate 0\n"
           "pgdeactivate 0\npglazyfree 0\npglazyfreed 0\nthp_fault_alloc 0\n";
}

/// Of /proc/net/dev.
inline std::string interfaceHeadings() {
    return "Inter-|   Receive                                                |  Transmit\n"
           " face |bytes    packets errs drop fifo frame compressed multicast|"
           "bytes    packets errs drop fifo colls carrier compressed\n";
}

class FakeTree {
public:
    struct Entry {
        std::string path; ///< relative to the root; with a slash at the end it is a directory
        std::string text;
    };

    FakeTree(std::initializer_list<Entry> entries = {}) {
        std::string pattern = (std::filesystem::temp_directory_path() / "plimsoll-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::runtime_error("mkdtemp " + pattern);
        }
        root_ = pattern;
        for (const Entry& entry : entries) {
            if (entry.path.ends_with('/')) {
                makeDirectory(entry.path);
            } else {
                write(entry.path, entry.text);
            }
        }
    }
    ~FakeTree() {
        std::error_code ignored;
        std::filesystem::remove_all(root_, ignored);
    }
    FakeTree(const FakeTree&) = delete;
    FakeTree& operator=(const FakeTree&) = delete;

    [[nodiscard]] const std::string& root() const { return root_; }
    [[nodiscard]] std::string path(std::string_view relative) const {
        return root_ + (relative.starts_with('/') ? "" : "/") + std::string(relative);
    }

    void makeDirectory(std::string_view relative) {
        std::filesystem::create_directories(path(relative));
    }
    /// Replaces the contents in place: kept-open descriptors see the new text.
    void write(std::string_view relative, std::string_view text) {
        const std::filesystem::path target = path(relative);
        std::filesystem::create_directories(target.parent_path());
        std::ofstream(target, std::ios::binary | std::ios::trunc) << text;
    }
    [[nodiscard]] std::string read(std::string_view relative) const {
        std::ifstream in(path(relative), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    /// A file, or a directory with all that is in it.
    void remove(std::string_view relative) { std::filesystem::remove_all(path(relative)); }

    /// A pod's or a container's directory with the files that the collector reads. On an existing
    /// one the files are rewritten.
    void writeCgroup(const std::string& directory, const FakeCgroup& values = {}) {
        write(directory + "/cpu.stat",
              cpuStatText(values.usageMicroseconds, values.periods, values.throttledPeriods));
        write(directory + "/cpu.max", values.cpuMax);
        write(directory + "/memory.current", values.memoryCurrent);
        write(directory + "/memory.stat", memoryStatText(values.inactiveFile));
        write(directory + "/memory.high", values.memoryHigh);
        write(directory + "/memory.events", memoryEventsText(values.highEvents));
        for (const char* resource : {"cpu", "memory", "io"}) {
            write(directory + "/" + resource + ".pressure", values.pressure);
        }
    }
    /// Removes a cgroup and makes another one under the same path. The new one has another inode,
    /// which file systems that reuse inode numbers at once would not give it.
    void recreateCgroup(const std::string& directory, const FakeCgroup& values = {}) {
        writeCgroup(directory + ".new", values);
        remove(directory);
        std::filesystem::rename(path(directory + ".new"), path(directory));
    }
    /// The files of /proc that the collector reads, for a node with two CPUs.
    void writeProc(unsigned long long busyJiffies, unsigned long long idleJiffies,
                   std::string_view directory = "proc") {
        const std::string at(directory);
        const std::string counters =
            std::to_string(busyJiffies) + " 0 0 " + std::to_string(idleJiffies) + " 0 0 0 0 0 0\n";
        write(at + "/stat", "cpu  " + counters + "cpu0 " + counters + "cpu1 " + counters +
                                "intr 1 2 3\nctxt 1\nbtime 1\nprocesses 1\n");
        write(at + "/meminfo", "MemTotal:        8000000 kB\nMemFree:         1000000 kB\n"
                               "MemAvailable:    6000000 kB\nBuffers:          100000 kB\n");
        write(at + "/loadavg", "0.50 1.25 2.00 3/91 9087\n");
        write(at + "/diskstats", "   8       0 sda 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        write(at + "/net/dev", interfaceHeadings() + "    lo: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
                                                     "  eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n");
        for (const char* resource : {"cpu", "memory", "io"}) {
            write(at + "/pressure/" + resource, FakeCgroup{}.pressure);
        }
    }

private:
    std::string root_;
};

/// "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod<uid>.slice" for a class in
/// {"besteffort", "burstable", ""} (guaranteed); the uid with its dashes.
inline std::string systemdPodPath(const std::string& qosClass, std::string uid) {
    for (char& c : uid) {
        c = c == '-' ? '_' : c;
    }
    const std::string prefix = qosClass.empty() ? "kubepods" : "kubepods-" + qosClass;
    return "kubepods.slice/" + (qosClass.empty() ? "" : prefix + ".slice/") + prefix + "-pod" +
           uid + ".slice";
}

} // namespace plimsoll::test
