// SPDX-License-Identifier: Apache-2.0
#include "cgroup/baseline_store.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace plimsoll::cgroup {
namespace {

constexpr std::string_view kFormat = "plimsoll ";
constexpr std::string_view kVersion = "1";
constexpr std::string_view kLastLine = "end\n";
constexpr std::string_view kInfinity = "infinity";
constexpr std::string_view kHexDigits = "0123456789abcdef";

void appendEscaped(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\\') {
            out += "\\\\";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += "\\x";
            out += kHexDigits[byte >> 4U];
            out += kHexDigits[byte & 0xfU];
        } else {
            out += c;
        }
    }
}

std::optional<std::string> unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        if (++i == text.size()) {
            return std::nullopt;
        }
        if (text[i] == 'n') {
            out += '\n';
        } else if (text[i] == '\\') {
            out += '\\';
        } else if (text[i] == 'x' && i + 2 < text.size()) {
            const auto high = kHexDigits.find(text[i + 1]);
            const auto low = kHexDigits.find(text[i + 2]);
            if (high == std::string_view::npos || low == std::string_view::npos) {
                return std::nullopt;
            }
            out += static_cast<char>(high << 4U | low);
            i += 2;
        } else {
            return std::nullopt;
        }
    }
    return out;
}

class Writer {
public:
    void line(std::string_view key, std::string_view value) {
        text_ += key;
        text_ += '=';
        appendEscaped(text_, value);
        text_ += '\n';
    }
    void number(std::string_view key, std::uint64_t value) {
        line(key, value == kNotSet ? std::string(kInfinity) : std::to_string(value));
    }
    void decimal(std::string_view key, double value) {
        std::array<char, 32> text{};
        const auto written = std::to_chars(text.data(), text.data() + text.size(), value);
        line(key, {text.data(), written.ptr});
    }
    void file(std::string_view key, const SavedFile& saved) {
        line(key, saved.file + (saved.content ? " =" + *saved.content : " -"));
    }
    std::string text_;
};

template <class Number>
std::optional<Number> parseNumber(std::string_view text) {
    Number value{};
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

bool read(std::uint64_t& into, std::string_view text) {
    const auto value =
        text == kInfinity ? std::optional(kNotSet) : parseNumber<std::uint64_t>(text);
    into = value.value_or(0);
    return value.has_value();
}

bool read(bool& into, std::string_view text) {
    into = text == "1";
    return text == "1" || text == "0";
}

bool read(std::vector<SavedFile>& into, std::string_view text) {
    const auto space = text.find(' ');
    if (space == 0 || space == std::string_view::npos ||
        text.substr(0, space).find('/') != std::string_view::npos) {
        return false;
    }
    SavedFile saved{.file = std::string(text.substr(0, space))};
    const auto rest = text.substr(space + 1);
    if (rest.starts_with('=')) {
        saved.content = std::string(rest.substr(1));
    } else if (rest != "-") {
        return false;
    }
    into.push_back(std::move(saved));
    return true;
}

bool read(std::vector<RuleKey>& into, std::string_view text) {
    const auto slash = text.find('/'); // the name of an object has none
    if (slash == std::string_view::npos) {
        return false;
    }
    into.push_back({std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))});
    return true;
}

bool readUsage(double& into, std::string_view text) {
    const auto value = parseNumber<double>(text);
    into = value.value_or(0);
    return value.has_value();
}

std::string_view amountKey(Lever lever) {
    return lever == Lever::memoryHigh ? "unit.memory-high" : "unit.quota";
}

/// False: the key is known and its value is not of its form. Keys that are not known are left to
/// later versions.
bool take(BaselineRecord& record, std::string_view key, const std::string& value) {
    const auto unit = [&record]() -> UnitBefore& {
        if (!record.unit) {
            record.unit.emplace().unit.limit.lever = record.lever;
        }
        return *record.unit;
    };
    if (key == "path") {
        record.cgroup.path = CgroupPath(value);
        return value.starts_with('/');
    }
    if (key == "inode") {
        return read(record.cgroup.inode, value);
    }
    if (key == "baseline") {
        record.baseline = value;
    }
    if (key == "from") {
        record.from = value;
    }
    if (key == "to") {
        record.to = value;
    }
    if (key == "told") {
        record.told = value;
    }
    if (key == "unit") {
        unit().unit.name = value;
        return isSafeUnitName(value);
    }
    if (key == "unit.transient") {
        return read(unit().unit.transient, value);
    }
    if (key == amountKey(record.lever)) {
        return read(unit().unit.limit.amount, value);
    }
    if (key == "unit.period") {
        return read(unit().unit.limit.period, value);
    }
    if (key == "unit.dropin-directory") {
        return read(unit().dropInDirectory, value);
    }
    if (key == "unit.dropin") {
        return read(unit().dropIns, value);
    }
    if (key == "beside") {
        return read(record.beside, value);
    }
    if (key == "pod.uid") {
        record.podUid = PodUid(value);
    }
    if (key == "pod.qos") {
        record.qosClass = qosClassFromName(value).value_or(QosClass::unknown);
    }
    if (key == "pod.name") {
        record.podName = value;
    }
    if (key == "usage") {
        return readUsage(record.firstUsage.cpu.value, value);
    }
    if (key == "usage.memory") {
        return readUsage(record.firstUsage.memory.value, value);
    }
    if (key == "cause") {
        return read(record.causes, value);
    }
    return true;
}

Result<BaselineRecord> refused(const std::string& why) {
    return fail(EINVAL, "the record of the baseline " + why);
}

/// A unit's cgroup is named like the unit.
bool belongsTo(const BaselineRecord& record, const OpenGroup& group) {
    return record.cgroup.inode == group.inode && group.path.ends_with(record.cgroup.path.value) &&
           (!record.unit || group.path.ends_with("/" + record.unit->unit.name));
}

bool isComplete(const BaselineRecord& record) {
    return !record.cgroup.path.empty() && parseLimit(record.lever, record.baseline) &&
           parseLimit(record.lever, record.from) && parseLimit(record.lever, record.to) &&
           (record.told.empty() || parseLimit(record.lever, record.told)) &&
           (!record.unit || !record.unit->unit.name.empty());
}

std::string headOf(Lever lever) {
    return std::string(kFormat) + std::string(name(lever)) + " ";
}

} // namespace

std::string attributeName(Lever lever) {
    return "user.plimsoll." + std::string(name(lever));
}

std::string_view trimmed(std::string_view bytes) {
    if (bytes.ends_with('\n')) {
        bytes.remove_suffix(1);
    }
    return bytes;
}

const UnitBefore& BaselineRecord::owner() const {
    assert(unit);
    return *unit;
}

bool BaselineRecord::isOurs(std::string_view bytes) const {
    const auto value = trimmed(bytes);
    if (value == trimmed(baseline) || value == trimmed(from) || value == trimmed(to) ||
        (!told.empty() && value == told)) {
        return true;
    }
    if (!unit) {
        return false;
    }
    // Undo sets systemd's own value back first, and that may be coarser than the baseline's bytes;
    // after a daemon-reload it is what the drop-in says, in whole percents.
    const auto kept = keptInDropIn(unit->unit.limit);
    return value == formatLimit(rendered(unit->unit.limit)) ||
           (kept.amount > 0 && value == formatLimit(rendered(kept)));
}

std::string serialise(const BaselineRecord& record) {
    Writer out;
    out.text_ = headOf(record.lever) + std::string(kVersion) + "\n";
    out.line("path", record.cgroup.path.value);
    out.number("inode", record.cgroup.inode);
    out.line("baseline", record.baseline);
    out.line("from", record.from);
    out.line("to", record.to);
    if (!record.told.empty()) {
        out.line("told", record.told);
    }
    if (record.unit) {
        out.line("unit", record.unit->unit.name);
        out.number("unit.transient", record.unit->unit.transient ? 1 : 0);
        out.number(amountKey(record.lever), record.unit->unit.limit.amount);
        if (record.lever == Lever::cpuMax) {
            out.number("unit.period", record.unit->unit.limit.period);
        }
        out.number("unit.dropin-directory", record.unit->dropInDirectory ? 1 : 0);
        for (const auto& dropIn : record.unit->dropIns) {
            out.file("unit.dropin", dropIn);
        }
    }
    for (const auto& file : record.beside) {
        out.file("beside", file);
    }
    out.line("pod.uid", record.podUid.value);
    out.line("pod.qos", name(record.qosClass));
    out.line("pod.name", record.podName);
    out.decimal("usage", record.firstUsage.cpu.value);
    out.decimal("usage.memory", record.firstUsage.memory.value);
    for (const auto& cause : record.causes) {
        out.line("cause", cause.text());
    }
    out.text_ += kLastLine;
    return out.text_;
}

Result<BaselineRecord> parseBaselineRecord(std::string_view text) {
    const auto lever = std::ranges::find_if(
        kHeldLevers, [text](Lever one) { return text.starts_with(headOf(one)); });
    if (lever == kHeldLevers.end()) {
        return refused("is not one of Plimsoll's");
    }
    const auto head = headOf(*lever).size();
    const auto version = text.substr(head, text.find('\n') - head);
    if (version != kVersion) {
        return refused("is of version '" + std::string(version.substr(0, 20)) + "', this is " +
                       std::string(kVersion));
    }
    if (!text.ends_with(std::string("\n") + std::string(kLastLine))) {
        return refused("is cut off");
    }
    text.remove_suffix(kLastLine.size());
    text.remove_prefix(text.find('\n') + 1);

    BaselineRecord record{.lever = *lever};
    while (!text.empty()) {
        const auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(line.size() + 1);
        const auto equals = line.find('=');
        const auto value =
            equals == std::string_view::npos ? std::nullopt : unescaped(line.substr(equals + 1));
        if (!value || !take(record, line.substr(0, equals), *value)) {
            return refused("has a line that is not of its form: '" +
                           std::string(line.substr(0, 60)) + "'");
        }
    }
    if (!isComplete(record)) {
        return refused("lacks a value that it must have");
    }
    return record;
}

Result<std::optional<BaselineRecord>> loadBaseline(WritePort& port, const OpenGroup& group,
                                                   Lever lever) {
    const auto text = port.attribute(group, attributeName(lever));
    if (!text) {
        return std::unexpected(text.error());
    }
    const std::optional<std::string>& value = *text;
    if (!value) {
        return std::optional<BaselineRecord>{};
    }
    auto record = group.trusted ? parseBaselineRecord(*value)
                                : refused("could be written by others than root");
    if (record && !belongsTo(*record, group)) {
        record = refused("is another cgroup's");
    }
    if (record && record->lever != lever) {
        record = refused("is about " + std::string(name(record->lever)));
    }
    if (!record) {
        return std::unexpected(std::move(record).error().with(group.path));
    }
    return std::optional(std::move(*record));
}

Result<void> storeBaseline(WritePort& port, const OpenGroup& group, const BaselineRecord& record) {
    return port.setAttribute(group, attributeName(record.lever), serialise(record));
}

Result<void> removeBaseline(WritePort& port, const OpenGroup& group, Lever lever) {
    return port.removeAttribute(group, attributeName(lever));
}

} // namespace plimsoll::cgroup
