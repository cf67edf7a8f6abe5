// SPDX-License-Identifier: Apache-2.0
#include "client.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace plimsoll::test {

namespace {

std::string text(sd_bus_message* message);

template <class T>
T basic(sd_bus_message* message, char type) {
    T value{};
    sd_bus_message_read_basic(message, type, &value);
    return value;
}

std::string number(double value) {
    if (std::isnan(value))
        return "nan";
    std::ostringstream out;
    out << value;
    return out.str();
}

std::string joined(const std::vector<std::string>& parts, const char* separator) {
    std::string out;
    for (const auto& part : parts)
        out += (out.empty() ? "" : separator) + part;
    return out;
}

std::string container(sd_bus_message* message, char type, const char* contents) {
    sd_bus_message_enter_container(message, type, contents);
    std::vector<std::string> parts;
    while (sd_bus_message_at_end(message, 0) == 0)
        parts.push_back(text(message));
    sd_bus_message_exit_container(message);
    if (type == SD_BUS_TYPE_DICT_ENTRY)
        return joined(parts, ": ");
    if (type == SD_BUS_TYPE_STRUCT)
        return "(" + joined(parts, ", ") + ")";
    if (type != SD_BUS_TYPE_ARRAY)
        return joined(parts, ", ");
    if (contents[0] != SD_BUS_TYPE_DICT_ENTRY_BEGIN)
        return "[" + joined(parts, ", ") + "]";
    std::ranges::sort(parts); // a dictionary has no order
    return "{" + joined(parts, ", ") + "}";
}

/// The next value.
std::string text(sd_bus_message* message) {
    char type = 0;
    const char* contents = nullptr;
    if (sd_bus_message_peek_type(message, &type, &contents) <= 0)
        throw std::runtime_error("no value in the message");
    switch (type) {
    case 's':
    case 'o':
    case 'g': return '"' + std::string(basic<const char*>(message, type)) + '"';
    case 'b': return basic<int>(message, type) != 0 ? "true" : "false";
    case 'i': return std::to_string(basic<std::int32_t>(message, type));
    case 'u': return std::to_string(basic<std::uint32_t>(message, type));
    case 't': return std::to_string(basic<std::uint64_t>(message, type));
    case 'd': return number(basic<double>(message, type));
    default: return container(message, type, contents);
    }
}

std::string allText(sd_bus_message* message) {
    std::string out;
    while (sd_bus_message_at_end(message, 1) == 0)
        out += (out.empty() ? "" : " ") + text(message);
    return out;
}

} // namespace

Client::Client() {
    sd_bus* bus = nullptr;
    if (sd_bus_open_system(&bus) < 0)
        throw std::runtime_error("no private bus");
    bus_.reset(bus);
}

std::string Client::answer(sd_bus_error& error, sd_bus_message* reply) {
    const std::string out =
        reply != nullptr ? allText(reply)
                         : "error: " + std::string(error.name != nullptr ? error.name : "(local)");
    sd_bus_error_free(&error);
    sd_bus_message_unref(reply);
    return out;
}

std::string Client::get(const std::string& path, const char* interface, const char* property) {
    return call(path.c_str(), kProperties, "Get", "ss", interface, property);
}

std::string Client::introspect(const char* path) {
    std::string out = call(path, "org.freedesktop.DBus.Introspectable", "Introspect");
    return out.size() > 1 ? out.substr(1, out.size() - 2) : out; // without our quotes
}

void Client::listen() {
    if (sd_bus_add_match(bus(), nullptr, "type='signal',sender='org.plimsoll.Node1'",
                         &Client::onSignal, this) < 0)
        throw std::runtime_error("no match");
    signals();
}

int Client::onSignal(sd_bus_message* message, void* self, sd_bus_error*) {
    static_cast<Client*>(self)->seen_.push_back(
        {sd_bus_message_get_path(message), sd_bus_message_get_member(message), allText(message)});
    return 0;
}

std::vector<Seen> Client::signals() {
    // What the service sent before it answers this is here when the answer is.
    call(kRoot, "org.freedesktop.DBus.Peer", "Ping");
    while (sd_bus_process(bus(), nullptr) > 0) {
    }
    return std::exchange(seen_, {});
}

} // namespace plimsoll::test
