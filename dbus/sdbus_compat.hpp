// SPDX-License-Identifier: Apache-2.0
// sdbus-c++ 1.2 (Debian 12) to 2.x (Debian 13): everything that differs between them and that we
// use. PLIMSOLL_SDBUS_MAJOR comes from the build.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <sdbus-c++/sdbus-c++.h>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::dbus {

using Dict = std::map<std::string, sdbus::Variant>;

#if PLIMSOLL_SDBUS_MAJOR >= 2
using BusServiceName = sdbus::ServiceName;
using BusInterfaceName = sdbus::InterfaceName;
using BusPropertyName = sdbus::PropertyName;
using BusErrorName = sdbus::Error::Name;
#else
using BusServiceName = std::string;
using BusInterfaceName = std::string;
using BusPropertyName = std::string;
using BusErrorName = std::string;
#endif

inline bool processOne(sdbus::IConnection& connection) {
#if PLIMSOLL_SDBUS_MAJOR >= 2
    return connection.processPendingEvent();
#else
    return connection.processPendingRequest();
#endif
}

/// CLOCK_MONOTONIC deadline of the connection; none: nothing to wait for.
inline std::optional<std::uint64_t> deadline(const sdbus::IConnection::PollData& poll) {
#if PLIMSOLL_SDBUS_MAJOR >= 2
    if (poll.timeout == std::chrono::microseconds::max())
        return std::nullopt;
    return static_cast<std::uint64_t>(poll.timeout.count());
#else
    if (poll.timeout_usec == UINT64_MAX)
        return std::nullopt;
    return poll.timeout_usec;
#endif
}

inline void addObjectManager(sdbus::IConnection& connection, const std::string& path) {
#if PLIMSOLL_SDBUS_MAJOR >= 2
    connection.addObjectManager(sdbus::ObjectPath{path});
#else
    connection.addObjectManager(path, sdbus::floating_slot);
#endif
}

inline sdbus::Error busError(const char* name, const std::string& message) {
    return sdbus::Error{BusErrorName{name}, message};
}

inline void emitPropertiesChanged(sdbus::IObject& object, const char* interface,
                                  std::span<const char* const> properties) {
    std::vector<BusPropertyName> names;
    names.reserve(properties.size());
    for (const char* property : properties)
        names.emplace_back(property);
    object.emitPropertiesChangedSignal(BusInterfaceName{interface}, names);
}

/// For every handler that can throw anything: before 1.5, sdbus-c++ lets what is not its own Error
/// unwind through the C frames of libsystemd.
template <class F>
auto guarded(F&& function) -> decltype(function()) {
    try {
        return std::forward<F>(function)();
    } catch (const sdbus::Error&) {
        throw;
    } catch (const std::exception& error) {
        throw busError("org.freedesktop.DBus.Error.Failed", error.what());
    } catch (...) {
        throw busError("org.freedesktop.DBus.Error.Failed", "unexpected failure");
    }
}

} // namespace plimsoll::dbus
