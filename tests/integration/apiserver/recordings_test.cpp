// SPDX-License-Identifier: Apache-2.0
// The living server is asked what the recorded one was asked, and must answer the same in what
// matters. What it is not asked is listed with the reason.
#include "tests/integration/apiserver/recording.hpp"

#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <sstream>

namespace plimsoll::test {
namespace {

using apiserver::Json;

/// What is done to the server before a recording is put to it.
using Scene = std::map<std::string, std::function<void(ApiServer&)>>;
/// Recordings that are left out, and why.
using LeftOut = std::map<std::string, std::string>;

void replay(const std::string& family, const Scene& scene, const LeftOut& leftOut) {
    ApiServer server({.nodes = {"node-a", "node-b"}});
    server.cluster().removesPods = false;
    Replay replay(server);
    std::size_t compared = 0;
    for (const Recording& recording : recordingsOf(family)) {
        if (const auto step = scene.find(recording.name); step != scene.end())
            step->second(server);
        if (leftOut.contains(recording.name))
            continue;
        SCOPED_TRACE(recording.name);
        const auto answer = replay.send(recording);
        EXPECT_EQ(answer.status, recording.status) << answer.text;
        if (recording.isStream)
            EXPECT_EQ(linesOf(answer.text), linesOf(recording.text));
        else if (recording.answer.is_discarded())
            EXPECT_EQ(answer.text, recording.text);
        else
            EXPECT_EQ(essence(answer.body), essence(recording.answer));
        ++compared;
    }
    EXPECT_GT(compared, 0U);
}

Json recordedItems(const std::string& family, const std::string& name) {
    for (const Recording& recording : recordingsOf(family))
        if (recording.name == name)
            return recording.answer["items"];
    return Json::array();
}

void applyRecorded(ApiServer& server, const std::string& family, const std::string& name) {
    for (const Recording& recording : recordingsOf(family))
        if (recording.name == name)
            server.apply(recording.answer);
}

void applyRules(ApiServer& server) {
    for (const Json& item : recordedItems("crs", "crs/012-list"))
        server.apply(item);
}

/// As they were when the watches were recorded, some patched meanwhile.
void applyWatchedRules(ApiServer& server) {
    for (const Recording& recording : recordingsOf("watch")) {
        std::istringstream stream(recording.name == "watch/003-no-rv" ? recording.text : "");
        for (std::string line; std::getline(stream, line);)
            server.apply(Json::parse(line)["object"]);
    }
}

/// As the kubelet did after the pods were listed for the recordings.
void runPods(ApiServer& server) {
    for (Json pod : server.cluster().store().list("pods").objects) {
        if (pod["metadata"]["name"] == "be-8")
            continue;
        pod["status"]["phase"] = "Running";
        for (const char* type : {"ContainersReady", "Initialized", "PodScheduled", "Ready"})
            pod["status"]["conditions"].push_back({{"type", type}, {"status", "True"}});
        server.apply(pod);
    }
}

void applyPods(ApiServer& server) {
    for (Json pod : recordedItems("pods", "pods/016-list-own-rv0")) {
        pod["kind"] = "Pod";
        pod["apiVersion"] = "v1";
        server.apply(pod);
    }
    server.addPod("node-b", "default", "oth-0");
}

Json budget(const std::string& name, const Json& status) {
    return {{"kind", "PodDisruptionBudget"},
            {"apiVersion", "policy/v1"},
            {"metadata", {{"name", name}, {"namespace", "default"}}},
            {"spec", {{"selector", {{"matchLabels", {{"app", "web"}}}}}}},
            {"status", status}};
}

TEST(Recordings, nodes_are_read_and_patched_as_recorded) {
    const std::string selected = "the Accept header's other forms are not played";
    const std::string apply = "server-side apply is not played";
    const std::string strict = "unknown fields are dropped without a warning";
    replay("nodes",
           {{"nodes/001-get-own-before-registration",
             [](ApiServer& server) {
                 server.erase("/api/v1/nodes/node-a");
                 server.erase("/api/v1/nodes/node-b");
             }}},
           {{"nodes/019-get-own-metadata-only", selected},
            {"nodes/029-apply", apply},
            {"nodes/030-apply-release", apply},
            {"nodes/079-extres-unparsable", "its message holds the whole object"},
            {"nodes/090-strategic-wrong-type", "types are not checked"},
            {"nodes/093-unknown-field-fieldvalidation-strict", strict}});
}

TEST(Recordings, pods_are_read_and_refused_as_recorded) {
    const auto asFound = [](const std::string& name) {
        return [name](ApiServer& server) { applyRecorded(server, "pods", name); };
    };
    replay("pods",
           {{"pods/001-get-own-immediately", applyPods},
            {"pods/036-annotation-only-via-status", asFound("pods/036-annotation-only-via-status")},
            {"pods/040-delete-own", asFound("pods/040-delete-own")}},
           {{"pods/002-create-mirror", "it is there from the start"},
            {"pods/025-list-own-rv0-limit2", "recorded later, with other pods"}});
}

TEST(Recordings, evictions_are_answered_as_recorded) {
    const auto pod = [](const std::string& name, const std::string& phase, const char* app) {
        return [=](ApiServer& server) {
            Json object = server.addPod("node-a", "default", name, {{"app", app}});
            object["status"]["phase"] = phase;
            server.apply(object);
        };
    };
    replay(
        "eviction",
        {{"eviction/001-dryrun-body",
          [](ApiServer& server) {
              applyPods(server);
              runPods(server);
          }},
         {"eviction/020-unbound",
          [](ApiServer& server) { server.addPod("", "default", "unbound"); }},
         {"eviction/030-pdb-unobserved",
          [](ApiServer& server) { server.apply(budget("web", Json::object())); }},
         {"eviction/031-pdb-blocks",
          [](ApiServer& server) {
              server.apply(budget(
                  "web",
                  {{"disruptionsAllowed", 0}, {"desiredHealthy", 2}, {"currentHealthy", 2}}));
          }},
         {"eviction/033-two-pdbs",
          [](ApiServer& server) { server.apply(budget("more", Json::object())); }},
         {"eviction/034-pdb-allows",
          [](ApiServer& server) {
              server.erase("/apis/policy/v1/namespaces/default/poddisruptionbudgets/more");
              server.apply(budget(
                  "web",
                  {{"disruptionsAllowed", 1}, {"desiredHealthy", 1}, {"currentHealthy", 2}}));
          }},
         {"eviction/040-succeeded-pod", pod("done-0", "Succeeded", "web")},
         {"eviction/041-failed-pod", pod("failed-0", "Failed", "web")},
         {"eviction/042-pending-pdb", pod("pend-0", "Pending", "web")},
         {"eviction/043-precondition-rv-stale", pod("rv-0", "Running", "rv")},
         {"eviction/045-propagation", pod("rv-1", "Running", "rv")}},
        {{"eviction/035-pdb-after", "the budget's bookkeeping has other fields"},
         {"eviction/043-precondition-rv-stale", "its message holds a version"},
         {"eviction/044-precondition-rv-ok", "its body holds a version that no answer has shown"},
         {"eviction/046-finalizer-grace0", "finalizers are not played"},
         {"eviction/047-finalizer-after", "finalizers are not played"}});
}

TEST(Recordings, events_are_taken_as_recorded) {
    const std::string newer = "events.k8s.io is not played; core/v1 works on all versions";
    replay("events", {},
           {{"events/020-new-ok", newer},
            {"events/021-new-series", newer},
            {"events/022-new-long-note", newer},
            {"events/023-new-missing-fields", newer},
            {"events/024-new-bad-type", newer}});
}

TEST(Recordings, custom_resources_are_listed_and_patched_as_recorded) {
    const std::string schema = "schemas are not checked";
    const std::string cache = "there is no cache beside the store: what is compacted has gone";
    const std::string subresource = "the definitions have no status subresource";
    const auto mayChange = [](ApiServer& server) {
        Json role = server.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/plimsoll-node");
        role["rules"][0]["resources"].push_back("nodeqoss/status");
        role["rules"][0]["verbs"] = {"get", "list", "watch", "patch", "update"};
        server.apply(role);
    };
    replay(
        "crs",
        {{"crs/001-list-without-rbac", [](ApiServer& server) { server.installDefinitions(); }},
         {"crs/003-list-empty", [](ApiServer& server) { server.installNodeRole(); }},
         {"crs/010-get", applyRules},
         {"crs/041-patch-merge", mayChange},
         {"crs/072-list-after-crd-deleted", [](ApiServer& server) { server.removeDefinitions(); }}},
        {{"crs/004-discovery", "discovery is not played"},
         {"crs/018-list-exact", "its version is of a time that no answer has shown"},
         {"crs/021-list-match-bad", "match values are not checked"},
         {"crs/023-list-continue-garbage", "its message quotes the decoder"},
         {"crs/027-list-label-bad", "selectors are not checked for syntax"},
         {"crs/030-create-invalid", schema},
         {"crs/031-create-unknown-field", schema},
         {"crs/032-create-nospec", schema},
         {"crs/033-create-minimal", schema},
         {"crs/034-create-empty-spec", schema},
         {"crs/044-patch-invalid", schema},
         {"crs/060-continue-after-compaction", cache},
         {"crs/061-exact-after-compaction", cache},
         {"crs/062-continue-expired-410", "see life_test.cpp: tokens of this server"},
         {"crs/063-continue-inconsistent", "see life_test.cpp: tokens of this server"},
         {"crs/064-exact-expired-410", "see life_test.cpp: versions of this server"},
         {"crs/065-continue-expired-nocache", cache},
         {"crs/070-status-subresource", subresource},
         {"crs/071-status-via-main", subresource},
         {"crs/073-list-while-crd-comes-up-429", "a scripted fault"},
         {"crs/080-gzip-large-list", "its body is binary"},
         {"crs/081-gzip-small-list", "other objects"}});
}

TEST(Recordings, watches_begin_and_end_as_recorded) {
    const std::string live = "objects change meanwhile: see life_test.cpp";
    const std::string slow = "it takes a minute";
    const std::string going = "the server goes: see life_test.cpp";
    const std::string versions = "its version is of a time that no answer has shown";
    replay(
        "watch",
        {{"watch/001-from-list-rv",
          [](ApiServer& server) {
              server.installDefinitions();
              server.installNodeRole();
              applyWatchedRules(server);
              server.compact();
          }},
         {"watch/051-rbac-removed-reconnect", [](ApiServer& server) { server.removeNodeRole(); }},
         {"watch/054-watch-after-crd-deleted",
          [](ApiServer& server) {
              server.installNodeRole();
              server.removeDefinitions();
          }}},
        {{"watch/001-from-list-rv", live},
         {"watch/002-replay", live},
         {"watch/005-label-selector-leave-enter", live},
         {"watch/015-timeout-0", "it does not end"},
         {"watch/018-metadata-only", "the Accept header's other forms are not played"},
         {"watch/020-pod-life", live},
         {"watch/021-node-life", live},
         {"watch/030-bookmarks-75s", slow},
         {"watch/032-no-bookmarks-asked", versions},
         {"watch/033-bookmarks-nonmatching", slow},
         {"watch/034-bookmarks-short", live},
         {"watch/040-410-in-stream", versions},
         {"watch/041-410-in-stream-pods", versions},
         {"watch/042-410-in-stream-bookmarks", versions},
         {"watch/043-410-nocache", versions},
         {"watch/044-nocache-no-rv", "of a server without cache; recorded later"},
         {"watch/050-rbac-removed-while-open", live},
         {"watch/052-crd-schema-changed", "schemas are not played"},
         {"watch/053-crd-deleted", live},
         {"watch/060-server-sigterm", going},
         {"watch/061-server-down", going},
         {"watch/062-server-sigkill", going},
         {"watch/063-server-sigterm-graceful", going},
         {"watch/064-rolling-restart", going}});
}

} // namespace
} // namespace plimsoll::test
