// SPDX-License-Identifier: Apache-2.0
// systemd over sd-bus: synchronous calls with a short time-out, connected when first needed.
#include "cgroup/unit_properties.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <utility>

namespace plimsoll::cgroup {
namespace {

constexpr const char* kService = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
constexpr const char* kUnit = "org.freedesktop.systemd1.Unit";
constexpr const char* kPeriod = "CPUQuotaPeriodUSec";
/// systemd's own socket: works without dbus-daemon, for root only. systemctl uses it as well.
constexpr const char* kPrivateSocket = "/run/systemd/private";

/// A call takes under a millisecond; a systemd that is reloading answers when it is done, within a
/// second or two on a busy node.
constexpr std::chrono::microseconds kCallTimeout = std::chrono::seconds(2);

const char* propertyName(Lever lever) {
    return lever == Lever::memoryHigh ? "MemoryHigh" : "CPUQuotaPerSecUSec";
}

std::string settingOf(const std::string& unit, Lever lever) {
    return "setting " + std::string(settingName(lever)) + " of " + unit;
}

struct CloseBus {
    void operator()(sd_bus* bus) const noexcept { sd_bus_close_unref(bus); }
};
using Bus = std::unique_ptr<sd_bus, CloseBus>;

struct UnrefMessage {
    void operator()(sd_bus_message* message) const noexcept { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, UnrefMessage>;

class BusError {
public:
    BusError() = default;
    ~BusError() { sd_bus_error_free(&error_); }
    BusError(const BusError&) = delete;
    BusError& operator=(const BusError&) = delete;
    sd_bus_error* get() { return &error_; }
    [[nodiscard]] bool is(const char* name) const {
        return sd_bus_error_has_name(&error_, name) > 0;
    }
    [[nodiscard]] std::string text(int code) const {
        return error_.message != nullptr ? error_.message : std::strerror(code);
    }

private:
    sd_bus_error error_ = SD_BUS_ERROR_NULL;
};

bool lostConnection(int code) {
    return code == ECONNRESET || code == ENOTCONN || code == EPIPE || code == ESTALE ||
           code == ECONNREFUSED || code == ECONNABORTED;
}

/// What the caller tells apart. ENOENT must not come out of here: that is a vanished cgroup.
int classify(const BusError& error, int code) {
    if (error.is("org.freedesktop.systemd1.NoSuchUnit") ||
        error.is("org.freedesktop.systemd1.NoUnitForInvocationID") ||
        error.is("org.freedesktop.DBus.Error.UnknownObject")) {
        return ESRCH;
    }
    if (error.is("org.freedesktop.DBus.Error.UnknownProperty") ||
        error.is("org.freedesktop.DBus.Error.UnknownInterface") ||
        error.is("org.freedesktop.DBus.Error.UnknownMethod") ||
        error.is("org.freedesktop.DBus.Error.PropertyReadOnly")) {
        return ENOTSUP;
    }
    if (error.is("org.freedesktop.DBus.Error.AccessDenied") ||
        error.is("org.freedesktop.DBus.Error.InteractiveAuthorizationRequired")) {
        return EACCES;
    }
    if (code == ETIMEDOUT || error.is("org.freedesktop.DBus.Error.NoReply") ||
        error.is("org.freedesktop.DBus.Error.Timeout")) {
        return ETIMEDOUT;
    }
    if (lostConnection(code) || code == ENOENT ||
        error.is("org.freedesktop.DBus.Error.ServiceUnknown")) {
        return ENOTCONN;
    }
    return code;
}

/// A socket that listens is connected to at once, also while nobody accepts; sd_bus_call() would
/// then wait for the greeting as long as sd-bus likes (90 s), whatever time-out the call has.
int waitUntilReady(sd_bus* bus) {
    const auto end = std::chrono::steady_clock::now() + kCallTimeout;
    for (;;) {
        if (const int ready = sd_bus_is_ready(bus); ready != 0) {
            return ready < 0 ? ready : 0;
        }
        int r = sd_bus_process(bus, nullptr);
        if (r < 0) {
            return r;
        }
        const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
            end - std::chrono::steady_clock::now());
        if (left.count() <= 0) {
            return -ETIMEDOUT;
        }
        if (r == 0) {
            r = sd_bus_wait(bus, static_cast<std::uint64_t>(left.count()));
        }
        if (r < 0 && r != -EINTR) {
            return r;
        }
    }
}

class SystemdUnits final : public UnitProperties {
public:
    SystemdUnits() = default;
    SystemdUnits(std::string address, bool peer) : address_(std::move(address)), peer_(peer) {}

    Result<std::optional<ManagedUnit>> unitOf(const CgroupPath& path, Lever lever) override;
    Result<void> change(const std::string& unit, const UnitLimit& had,
                        const UnitLimit& wanted) override;
    void beginTurn() override { hung_ = false; }

private:
    int connect();
    int open();
    int connectTo(const char* address, bool peer);
    Result<Message> call(const Message& request, const std::string& doing);
    template <class Build>
    Result<Message> ask(const std::string& doing, Build&& build);
    Result<Message> property(const char* object, const std::string& interface, const char* name,
                             char type);
    Result<std::string> text(const char* object, const std::string& interface, const char* name);
    template <class Value>
    Result<Value> number(const char* object, const std::string& interface, const char* name,
                         char type);
    Result<ManagedUnit> describe(const char* object, const CgroupPath& path, Lever lever,
                                 bool& isOther);
    Result<UnitLimit> limitOf(const char* object, const std::string& interface, Lever lever);

    std::string address_; ///< empty: find systemd
    bool peer_ = false;
    Bus bus_;
    bool hung_ = false;
};

int SystemdUnits::connectTo(const char* address, bool peer) {
    sd_bus* fresh = nullptr;
    int r = sd_bus_new(&fresh);
    if (r < 0) {
        return r;
    }
    Bus bus(fresh);
    r = sd_bus_set_address(bus.get(), address);
    r = r < 0 || peer ? r : sd_bus_set_bus_client(bus.get(), 1);
    r = r < 0 ? r : sd_bus_start(bus.get());
    if (r < 0) {
        return r;
    }
    bus_ = std::move(bus);
    return 0;
}

int SystemdUnits::connect() {
    if (bus_ && sd_bus_is_open(bus_.get()) > 0) {
        return 0;
    }
    bus_.reset();
    int r = open();
    r = r < 0 ? r : waitUntilReady(bus_.get());
    if (r < 0) {
        bus_.reset();
        hung_ = hung_ || r == -ETIMEDOUT;
    }
    return r;
}

int SystemdUnits::open() {
    if (!address_.empty()) {
        return connectTo(address_.c_str(), peer_);
    }
    if (::geteuid() == 0 &&
        connectTo((std::string("unix:path=") + kPrivateSocket).c_str(), true) >= 0) {
        return 0;
    }
    sd_bus* system = nullptr;
    const int r = sd_bus_open_system(&system);
    bus_.reset(r < 0 ? nullptr : system);
    return r;
}

Result<Message> SystemdUnits::call(const Message& request, const std::string& doing) {
    BusError error;
    sd_bus_message* reply = nullptr;
    const int r =
        sd_bus_call(bus_.get(), request.get(), static_cast<std::uint64_t>(kCallTimeout.count()),
                    error.get(), &reply);
    if (r >= 0) {
        return Message(reply);
    }
    const int code = classify(error, -r);
    if (code == ETIMEDOUT) {
        hung_ = true;
        bus_.reset(); // a late answer must not meet the next question
    }
    return fail(code, doing + ": " + error.text(-r));
}

/// Builds the request anew for each connection: one retry after systemd closed the old one, as it
/// does on daemon-reexec. Every call here may be made twice.
template <class Build>
Result<Message> SystemdUnits::ask(const std::string& doing, Build&& build) {
    if (hung_) {
        return fail(ETIMEDOUT, doing + ": systemd did not answer an earlier call");
    }
    for (int attempt = 0;; ++attempt) {
        if (const int r = connect(); r < 0) {
            return fail(r == -ETIMEDOUT ? ETIMEDOUT : ENOTCONN,
                        doing + ": connecting to systemd: " + std::strerror(-r));
        }
        sd_bus_message* raw = nullptr;
        const int r = build(bus_.get(), &raw);
        const Message request(raw);
        auto reply = r < 0 ? Result<Message>(fail(lostConnection(-r) ? ENOTCONN : -r,
                                                  doing + ": " + std::strerror(-r)))
                           : call(request, doing);
        if (reply || reply.error().code != ENOTCONN) {
            return reply;
        }
        bus_.reset();
        if (attempt > 0) {
            return reply;
        }
    }
}

/// The reply, entered as far as the value of `type`.
Result<Message> SystemdUnits::property(const char* object, const std::string& interface,
                                       const char* name, char type) {
    const std::string doing = std::string("asking systemd for ") + name;
    auto reply = ask(doing, [&](sd_bus* bus, sd_bus_message** request) {
        const int r = sd_bus_message_new_method_call(bus, request, kService, object,
                                                     "org.freedesktop.DBus.Properties", "Get");
        return r < 0 ? r : sd_bus_message_append(*request, "ss", interface.c_str(), name);
    });
    if (!reply) {
        return reply;
    }
    const std::array<char, 2> signature = {type, '\0'};
    const int r =
        sd_bus_message_enter_container(reply->get(), SD_BUS_TYPE_VARIANT, signature.data());
    if (r < 0) {
        return fail(-r, doing + ": " + std::strerror(-r));
    }
    return reply;
}

Result<std::string> SystemdUnits::text(const char* object, const std::string& interface,
                                       const char* name) {
    const auto reply = property(object, interface, name, SD_BUS_TYPE_STRING);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    const char* value = nullptr; // lives as long as the reply
    const int r = sd_bus_message_read(reply->get(), "s", &value);
    return r < 0 ? Result<std::string>(fail(-r, std::strerror(-r))) : std::string(value);
}

template <class Value>
Result<Value> SystemdUnits::number(const char* object, const std::string& interface,
                                   const char* name, char type) {
    const auto reply = property(object, interface, name, type);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    Value value{};
    const int r = sd_bus_message_read_basic(reply->get(), type, &value);
    return r < 0 ? Result<Value>(fail(-r, std::strerror(-r))) : value;
}

Result<UnitLimit> SystemdUnits::limitOf(const char* object, const std::string& interface,
                                        Lever lever) {
    const auto amount =
        number<std::uint64_t>(object, interface, propertyName(lever), SD_BUS_TYPE_UINT64);
    if (!amount) {
        return std::unexpected(amount.error());
    }
    if (lever != Lever::cpuMax) {
        return UnitLimit{.lever = lever, .amount = *amount};
    }
    const auto period = number<std::uint64_t>(object, interface, kPeriod, SD_BUS_TYPE_UINT64);
    if (!period) {
        return std::unexpected(period.error());
    }
    return UnitLimit{.lever = lever, .amount = *amount, .period = *period};
}

Result<ManagedUnit> SystemdUnits::describe(const char* object, const CgroupPath& path, Lever lever,
                                           bool& isOther) {
    ManagedUnit unit;
    auto id = text(object, kUnit, "Id");
    if (!id) {
        return std::unexpected(std::move(id).error());
    }
    unit.name = std::move(*id);
    if (!isSafeUnitName(unit.name)) {
        isOther = true; // a mount, a socket: no limit that would be ours to set
        return unit;
    }
    auto kind = unit.name.substr(unit.name.rfind('.') + 1);
    kind[0] = static_cast<char>(kind[0] - 'a' + 'A');
    const std::string interface = "org.freedesktop.systemd1." + kind;

    const auto group = text(object, interface, "ControlGroup");
    if (!group) {
        return std::unexpected(group.error());
    }
    // For a group that is nobody's systemd answers with the unit above it.
    if (*group != path.value) {
        isOther = true;
        return unit;
    }
    const auto transient = number<int>(object, kUnit, "Transient", SD_BUS_TYPE_BOOLEAN);
    const auto limit = limitOf(object, interface, lever);
    if (!transient || !limit) {
        return std::unexpected(!transient ? transient.error() : limit.error());
    }
    unit.transient = *transient != 0;
    unit.limit = *limit;
    return unit;
}

Result<std::optional<ManagedUnit>> SystemdUnits::unitOf(const CgroupPath& path, Lever lever) {
    if (!looksLikeUnit(path.value)) {
        return std::optional<ManagedUnit>{};
    }
    auto reply = ask(
        "asking systemd for the unit of " + path.value, [&](sd_bus* bus, sd_bus_message** request) {
            const int r = sd_bus_message_new_method_call(bus, request, kService, kManagerPath,
                                                         kManager, "GetUnitByControlGroup");
            return r < 0 ? r : sd_bus_message_append(*request, "s", path.value.c_str());
        });
    const char* object = nullptr;
    if (reply) {
        const int r = sd_bus_message_read(reply->get(), "o", &object);
        if (r < 0) {
            reply = fail(-r, "reading systemd's answer: " + std::string(std::strerror(-r)));
        }
    }
    bool isOther = false;
    auto unit = reply ? describe(object, path, lever, isOther)
                      : Result<ManagedUnit>(std::unexpected(std::move(reply).error()));
    if (unit) {
        return isOther ? std::optional<ManagedUnit>{} : std::optional(std::move(*unit));
    }
    if (unit.error().code == ESRCH || unit.error().code == ENOTSUP) {
        return std::optional<ManagedUnit>{};
    }
    return std::unexpected(std::move(unit).error());
}

Result<void> SystemdUnits::change(const std::string& unit, const UnitLimit& had,
                                  const UnitLimit& wanted) {
    auto reply = ask(settingOf(unit, wanted.lever), [&](sd_bus* bus, sd_bus_message** request) {
        int r = sd_bus_message_new_method_call(bus, request, kService, kManagerPath, kManager,
                                               "SetUnitProperties");
        r = r < 0 ? r : sd_bus_message_append(*request, "sb", unit.c_str(), 1);
        r = r < 0 ? r : sd_bus_message_open_container(*request, SD_BUS_TYPE_ARRAY, "(sv)");
        const auto append = [&r, request](const char* name, std::uint64_t value) {
            r = r < 0 ? r : sd_bus_message_append(*request, "(sv)", name, "t", value);
        };
        if (had.period != wanted.period) {
            append(kPeriod, wanted.period);
        }
        append(propertyName(wanted.lever), wanted.amount);
        return r < 0 ? r : sd_bus_message_close_container(*request);
    });
    if (!reply) {
        return std::unexpected(std::move(reply).error());
    }
    return {};
}

/// A host without systemd, a container, a test's tree: there are no units.
class NoUnits final : public UnitProperties {
public:
    Result<std::optional<ManagedUnit>> unitOf(const CgroupPath&, Lever) override {
        return std::optional<ManagedUnit>{};
    }
    Result<void> change(const std::string& unit, const UnitLimit&,
                        const UnitLimit& wanted) override {
        return fail(ENOTCONN, settingOf(unit, wanted.lever) + ": systemd does not run this host");
    }
    void beginTurn() override {}
};

bool isSystemdsTree(const std::string& mount) {
    struct statfs info{};
    return mount == "/sys/fs/cgroup" && ::statfs(mount.c_str(), &info) == 0 &&
           info.f_type == CGROUP2_SUPER_MAGIC;
}

} // namespace

std::unique_ptr<UnitProperties> makeUnitProperties(const std::string& mount) {
    if (sd_booted() > 0 && isSystemdsTree(mount)) {
        return std::make_unique<SystemdUnits>();
    }
    return std::make_unique<NoUnits>();
}

std::unique_ptr<UnitProperties> makeUnitPropertiesAt(const std::string& address, bool peer) {
    return std::make_unique<SystemdUnits>(address, peer);
}

} // namespace plimsoll::cgroup
