// SPDX-License-Identifier: Apache-2.0
// A client of the private bus that sees values as text.
#pragma once

#include <memory>
#include <string>
#include <systemd/sd-bus.h>
#include <vector>

namespace plimsoll::test {

inline constexpr const char* kName = "org.plimsoll.Node1";
inline constexpr const char* kRoot = "/org/plimsoll/Node1";
inline constexpr const char* kManagerPath = "/org/plimsoll/Node1/Manager";
inline constexpr const char* kManager = "org.plimsoll.Node1.Manager";
inline constexpr const char* kRule = "org.plimsoll.Node1.Rule";
inline constexpr const char* kPod = "org.plimsoll.Node1.Pod";
inline constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
inline constexpr const char* kObjectManager = "org.freedesktop.DBus.ObjectManager";

struct Seen {
    std::string path;
    std::string member;
    std::string body; ///< arguments as text, as in Client::call
};

class Client {
public:
    Client();

    /// The answer as text: strings in quotes, dictionaries in braces and sorted, several arguments
    /// with a blank between. "error: NAME" when that is the answer.
    template <class... Args>
    std::string call(const char* path, const char* interface, const char* method,
                     const char* types = "", Args... args) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message* reply = nullptr;
        sd_bus_call_method(bus(), kName, path, interface, method, &error, &reply, types, args...);
        return answer(error, reply);
    }
    std::string get(const std::string& path, const char* interface, const char* property);
    std::string introspect(const char* path);

    /// Starts to collect the service's signals.
    void listen();
    /// All signals sent until now, since the last time.
    std::vector<Seen> signals();

    sd_bus* bus() { return bus_.get(); }

private:
    struct Close {
        void operator()(sd_bus* bus) const { sd_bus_flush_close_unref(bus); }
    };
    static std::string answer(sd_bus_error& error, sd_bus_message* reply);
    static int onSignal(sd_bus_message* message, void* self, sd_bus_error* error);

    std::unique_ptr<sd_bus, Close> bus_;
    std::vector<Seen> seen_;
};

} // namespace plimsoll::test
