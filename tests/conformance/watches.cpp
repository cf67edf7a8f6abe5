// SPDX-License-Identifier: Apache-2.0
// A watch that the server ends, and a mirror that begins from what another one knew.
#include "kube/mirror/resource.hpp"
#include "kube/mirror/watch_lines.hpp"
#include "tests/conformance/check.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace plimsoll::conformance {
namespace {

using namespace std::chrono_literals;
using kube::Kind;

struct Seen {
    std::string version; ///< the last one
    std::size_t changes = 0;
};

/// What a watch of the Node brings from there on until the server ends it.
Reply watch(Stage& stage, Seen& seen, std::chrono::seconds longest) {
    kube::WatchLines lines([&](std::optional<std::string_view> line) {
        const Json event = Json::parse(line.value_or(""), nullptr, false);
        const Json version = at(event, "/object/metadata/resourceVersion");
        if (version.is_string())
            seen.version = version;
        if (event.value("type", "") == "MODIFIED")
            ++seen.changes;
        return true;
    });
    return stage.node.ask(
        {.path = kube::ResourcePath(Kind::node, stage.nodeName).watch(seen.version, longest),
         .timeout = 30s},
        [&](std::string_view piece) { return lines.feed(piece); });
}

Verdict resumes(Stage& stage) {
    const Reply list =
        stage.node.get(kube::ResourcePath(Kind::node, stage.nodeName).newestList(false));
    Seen seen{.version = at(list.body, "/metadata/resourceVersion").get<std::string>()};
    const auto begin = std::chrono::steady_clock::now();
    const Reply first = watch(stage, seen, 2s);
    const auto took = std::chrono::steady_clock::now() - begin;
    if (!first.isSuccess())
        return failed(first.text());
    const std::string note = "plimsoll.org/" + stage.prefix;
    stage.node.patch(stage.nodePath(), {{"metadata", {{"annotations", {{note, "seen"}}}}}});
    seen.changes = 0;
    const Reply second = watch(stage, seen, 2s);
    stage.node.patch(stage.nodePath(), {{"metadata", {{"annotations", {{note, nullptr}}}}}});
    if (!second.isSuccess() || seen.changes == 0)
        return failed("a change between two watches did not come with the second: " +
                      second.text());
    return ok(
        fmt::format("the server ended it after {:.1f} s, and what changed meanwhile came with "
                    "the next one",
                    std::chrono::duration<double>(took).count()));
}

std::string names(const kube::ObjectStore& store, Kind kind) {
    std::string all;
    for (const auto& [name, object] : store.of(kind))
        all += name + " ";
    return all;
}

Verdict relists(Stage& stage) {
    kube::ObjectStore known = stage.mirror->objects();
    known.of(Kind::nodeQos)[stage.prefix + "-gone"] = {.resourceVersion = "1", .json = "{}"};
    kube::Mirror second(stage.loop.raw(), stage.node.api(), stage.nodeName, std::move(known));
    if (!stage.until([&] { return second.complete(); }))
        return failed("it is not complete");
    const bool isSame = stage.until([&] {
        return std::ranges::all_of(kube::kKinds, [&](Kind kind) {
            return names(second.objects(), kind) == names(stage.mirror->objects(), kind);
        });
    });
    return isSame ? ok("a second mirror, begun with what the first had and one object that is "
                       "gone, holds what the server has")
                  : failed("a second mirror holds other objects");
}

} // namespace

const std::vector<Check>& watchChecks() {
    static const std::vector<Check> kChecks{{"watch ended by the server", resumes},
                                            {"relist", relists}};
    return kChecks;
}

} // namespace plimsoll::conformance
