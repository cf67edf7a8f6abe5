// SPDX-License-Identifier: Apache-2.0
// Every list and watch of a real API server that was recorded, and what it has to lead to.
#include "driver.hpp"
#include "recorded.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <gmock/gmock.h>

namespace plimsoll::kube::test {
namespace {

/// What was asked.
enum class Asked : std::uint8_t { list, page, watch, stream };

struct Expectation {
    std::string name;
    Asked asked = Asked::list;
    std::string then;    ///< asked next: "list", "newest", "page", "watch from …", "stream from …"
    std::string keys;    ///< what is stored then
    std::string problem; ///< of which this is a part; empty: none
};

std::string joined(const std::vector<std::string>& words) {
    std::string result;
    for (const auto& word : words) {
        result += (result.empty() ? "" : " ") + word;
    }
    return result;
}

std::string kindOfRequest(const std::string& path) {
    const auto has = [&path](const char* part) { return path.find(part) != std::string::npos; };
    if (has("watch=1")) {
        const std::string version = path.substr(path.find("resourceVersion=") + 16);
        const std::string from = " from " + version.substr(0, version.find('&'));
        return (has("sendInitialEvents") ? "stream" : "watch") + from;
    }
    if (has("continue=")) {
        return "page";
    }
    return has("resourceVersion=") ? "list" : "newest";
}

Kind kindOf(const Exchange& recording) {
    if (recording.path.find("/pods") != std::string::npos) {
        return Kind::pod;
    }
    return recording.path.find("/nodes") != std::string::npos ? Kind::node : Kind::nodeQos;
}

/// In the store from the beginning, or from the list on.
std::string event(Kind kind, const std::string& name) {
    const std::string metadata = R"("metadata":{"resourceVersion":"150","name":")" + name + '"';
    switch (kind) {
    case Kind::pod:
        return R"({"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1",)" + metadata +
               R"(,"namespace":"default"},"spec":{"nodeName":"node-a"}}})"
               "\n";
    case Kind::node:
        return R"({"type":"ADDED","object":{"kind":"Node","apiVersion":"v1",)"
               R"("metadata":{"name":"node-a","resourceVersion":"150"}}})"
               "\n";
    default:
        return R"({"type":"ADDED","object":{)" + metadata +
               R"(},"spec":{}}})"
               "\n";
    }
}

const std::string kInitialEnd =
    R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"200",)"
    R"("annotations":{"k8s.io/initial-events-end":"true"}}}})"
    "\n";

void bringTo(Driver& driver, Kind kind, Asked asked) {
    switch (asked) {
    case Asked::stream: driver.ask(); break;
    case Asked::list: driver.askForList(); break;
    case Asked::page:
        driver.askForList();
        driver.answer(exchange("crs/014-list-limit2").answer.body);
        driver.ask();
        break;
    case Asked::watch:
        driver.ask();
        driver.send(event(kind, "listed"));
        driver.send(kInitialEnd);
        driver.now += std::chrono::minutes(1);
        driver.end();
        driver.ask();
        break;
    }
}

void replay(Driver& driver, const Exchange& recording) {
    if (recording.answer.status == 0) {
        driver.lose();
        return;
    }
    if (recording.answer.status / 100 != 2) {
        driver.end(recording.answer);
        return;
    }
    for (const auto& piece : recording.pieces) {
        if (!driver.send(piece)) {
            driver.lose("GET https://10.0.0.1: nothing more was wanted");
            return;
        }
    }
    driver.now += std::chrono::seconds(2);
    recording.clean ? driver.end() : driver.lose();
}

// clang-format off
const std::string kFive = "waterline0 waterline1 waterline2 waterline3 waterline4";

const std::vector<Expectation> kExpectations{
    {"crs/001-list-without-rbac", Asked::list, "list", "known", "403 Forbidden"},
    {"crs/002-watch-without-rbac", Asked::watch, "watch from 200", "listed", "403 Forbidden"},
    {"crs/003-list-empty", Asked::list, "watch from 319", "", ""},
    {"crs/012-list", Asked::list, "watch from 328", kFive, ""},
    {"crs/013-list-rv0", Asked::list, "watch from 328", kFive, ""},
    {"crs/014-list-limit2", Asked::list, "page", "known", ""},
    {"crs/015-list-limit2-page2", Asked::page, "page", "known", ""},
    {"crs/016-list-limit2-page3", Asked::page, "watch from 328", "waterline0 waterline1 waterline4", ""},
    {"crs/017-list-notolderthan", Asked::list, "watch from 328", kFive, ""},
    {"crs/018-list-exact", Asked::list, "page", "known", ""},
    {"crs/019-list-rv-future", Asked::list, "newest", "known", "504 Timeout"},
    {"crs/020-list-rv-bad", Asked::list, "newest", "known", "400 BadRequest"},
    {"crs/021-list-match-bad", Asked::list, "newest", "known", "422 Invalid"},
    {"crs/022-list-continue-plus-rv", Asked::page, "newest", "known", "400 BadRequest"},
    {"crs/023-list-continue-garbage", Asked::page, "newest", "known", "400 BadRequest"},
    {"crs/024-list-label", Asked::list, "page", "known", ""},
    {"crs/025-list-field-name", Asked::list, "watch from 329", "waterline1", ""},
    {"crs/026-list-field-bad", Asked::list, "newest", "known", "400 BadRequest"},
    {"crs/027-list-label-bad", Asked::list, "newest", "known", "400 BadRequest"},
    {"crs/028-list-wrong-version", Asked::list, "list", "known", "is not installed"},
    {"crs/060-continue-after-compaction", Asked::page, "page", "known", ""},
    {"crs/061-exact-after-compaction", Asked::list, "watch from 402", kFive, ""},
    {"crs/062-continue-expired-410", Asked::page, "newest", "known", ""},
    {"crs/063-continue-inconsistent", Asked::page, "page", "known", ""},
    {"crs/064-exact-expired-410", Asked::list, "newest", "known", ""},
    {"crs/065-continue-expired-nocache", Asked::page, "newest", "known", ""},
    {"crs/072-list-after-crd-deleted", Asked::list, "list", "known", "is not installed"},
    {"crs/073-list-while-crd-comes-up-429", Asked::list, "list", "known", "429 TooManyRequests"},
    {"crs/080-gzip-large-list", Asked::list, "list", "known", "the answer is no list"},
    {"crs/081-gzip-small-list", Asked::list, "list", "known", "the answer ended within the list"},
    {"kcm/001-cordon-uncordon", Asked::watch, "watch from 870", "node-a", ""},
    {"kcm/002-memorypressure-taint", Asked::watch, "watch from 876", "node-a", ""},
    {"kcm/003-own-condition-no-taint", Asked::watch, "watch from 877", "node-a", ""},
    {"misc/009-list-missing-crd", Asked::list, "list", "known", "403 Forbidden"},
    {"misc/045-startup-nodeqoss-403-2", Asked::list, "list", "known", "403 Forbidden"},
    {"misc/045-startup-nodeqoss-429-3", Asked::list, "list", "known", "429 TooManyRequests"},
    {"misc/050-etcd-hang-list", Asked::list, "list", "known", "was reset"},
    {"misc/051-etcd-hang-list-rv0", Asked::list, "watch from 626", kFive, ""},
    {"misc/055-etcd-dead-list", Asked::list, "list", "known", "was reset"},
    {"misc/060-apf-429-list", Asked::list, "list", "known", "429"},
    {"misc/061-apf-429-watch", Asked::watch, "watch from 200", "listed", "429"},
    {"misc/062-inflight-429", Asked::list, "list", "known", "429"},
    {"misc/071-cert-expires-under-open-watch", Asked::watch, "watch from 825", "listed waterline0", ""},
    {"nodes/012-list-all", Asked::list, "list", "known", "403 Forbidden"},
    {"nodes/013-list-own-fieldselector", Asked::list, "watch from 208", "node-a", ""},
    {"nodes/014-list-other-fieldselector", Asked::list, "list", "known", "403 Forbidden"},
    {"nodes/015-list-labelselector", Asked::list, "list", "known", "403 Forbidden"},
    {"nodes/017-watch-own", Asked::watch, "watch from 207", "node-a", ""},
    {"nodes/018-watch-all", Asked::watch, "watch from 200", "node-a", "403 Forbidden"},
    {"pods/013-list-all", Asked::list, "list", "known", "403 Forbidden"},
    {"pods/014-list-ns", Asked::list, "list", "known", "403 Forbidden"},
    {"pods/015-list-own", Asked::list, "page", "known", ""},
    {"pods/016-list-own-rv0", Asked::list, "watch from 259", "default/be-0 default/be-1 default/be-2 default/be-3 default/be-4 default/be-5 default/be-6 default/be-7 default/be-8 default/mirror-0 default/web-0 default/web-1", ""},
    {"pods/017-list-other", Asked::list, "list", "known", "403 Forbidden"},
    {"pods/018-list-notequal", Asked::list, "list", "known", "403 Forbidden"},
    {"pods/019-list-own-and-phase", Asked::list, "watch from 259", "", ""},
    {"pods/020-list-own-and-label", Asked::list, "watch from 259", "default/web-0 default/web-1", ""},
    {"pods/021-list-doubleequals", Asked::list, "page", "known", ""},
    {"pods/022-watch-own", Asked::watch, "watch from 246", "default/be-0 default/be-1 default/be-2 default/be-3 default/be-4 default/be-5 default/be-6 default/be-7 default/be-8 default/listed default/mirror-0 default/web-0 default/web-1", ""},
    {"pods/023-watch-all", Asked::watch, "watch from 200", "default/listed", "403 Forbidden"},
    {"pods/024-legacy-watch-path", Asked::list, "list", "known", "403 Forbidden"},
    {"pods/025-list-own-rv0-limit2", Asked::list, "watch from 931", "default/be-0 default/be-1 default/be-4 default/be-5 default/be-6 default/be-7 default/be-8 default/mirror-0 default/pend-0 default/rv-0 default/rv-1 default/web-0 default/web-1", ""},
    {"pods/035-metrics-api", Asked::list, "list", "known", "403 Forbidden"},
    {"rbac-extra/001-list-nodes", Asked::list, "page", "known", ""},
    {"rbac-extra/002-list-pods", Asked::list, "page", "known", ""},
    {"v1.20/010-list-nodes", Asked::list, "page", "known", ""},
    {"v1.20/012-list-pods", Asked::list, "page", "known", ""},
    {"v1.20/014-list-own", Asked::list, "page", "known", ""},
    {"v1.20/050-list", Asked::list, "page", "known", ""},
    {"v1.20/051-watch", Asked::watch, "watch from 232", "listed w0", ""},
    {"v1.20/052-watch-no-rv", Asked::watch, "watch from 231", "listed w0 w1 w2 w3 w4", ""},
    {"v1.20/053-watch-rv-1", Asked::watch, "stream from 200", "listed", ""},
    {"v1.20/054-watch-rv-future", Asked::watch, "watch from 200", "listed", ""},
    {"v1.20/055-watchlist", Asked::stream, "list", "known", ""},
    {"v1.20/056-watch-rv-bad", Asked::watch, "watch from 200", "listed", "500"},
    {"v1.20/057-list-rv-future", Asked::list, "newest", "known", "504 Timeout"},
    {"watch/001-from-list-rv", Asked::watch, "watch from 343", "listed", ""},
    {"watch/002-replay", Asked::watch, "watch from 343", "listed", ""},
    {"watch/003-no-rv", Asked::watch, "watch from 325", "listed " + kFive, ""},
    {"watch/004-rv0", Asked::watch, "watch from 325", "listed " + kFive, ""},
    {"watch/005-label-selector-leave-enter", Asked::watch, "watch from 347", "listed waterline2", ""},
    {"watch/006-field-name", Asked::watch, "watch from 340", "listed waterline1", ""},
    {"watch/007-watchlist", Asked::stream, "watch from 347", kFive, ""},
    {"watch/008-watchlist-rv", Asked::stream, "watch from 347", kFive, ""},
    {"watch/009-watchlist-no-match", Asked::stream, "list", "known", ""},
    {"watch/010-watchlist-no-bookmarks", Asked::stream, "list", "known", "the streaming list ended without its mark"},
    {"watch/011-rv-future", Asked::watch, "watch from 200", "listed", ""},
    {"watch/012-rv-bad", Asked::watch, "watch from 200", "listed", "500"},
    {"watch/013-rv-1", Asked::watch, "stream from 200", "listed", ""},
    {"watch/014-accept-encoding-gzip", Asked::watch, "watch from 325", "listed " + kFive, ""},
    {"watch/015-timeout-0", Asked::watch, "watch from 325", "listed " + kFive, "was reset"},
    {"watch/016-timeout-negative", Asked::watch, "watch from 200", "listed", ""},
    {"watch/018-metadata-only", Asked::watch, "stream from 200", "listed", "an object that should be a NodeQOS is none"},
    {"watch/020-pod-life", Asked::watch, "watch from 359", "default/listed", ""},
    {"watch/021-node-life", Asked::watch, "watch from 364", "node-a", ""},
    {"watch/030-bookmarks-75s", Asked::watch, "watch from 391", "listed", ""},
    {"watch/031-rv-future-bookmarks", Asked::watch, "watch from 200", "listed", ""},
    {"watch/032-no-bookmarks-asked", Asked::watch, "watch from 200", "listed", ""},
    {"watch/033-bookmarks-nonmatching", Asked::watch, "watch from 481", "listed", ""},
    {"watch/034-bookmarks-short", Asked::watch, "watch from 482", "listed", ""},
    {"watch/040-410-in-stream", Asked::watch, "stream from 200", "listed", ""},
    {"watch/041-410-in-stream-pods", Asked::watch, "stream from 200", "default/listed", ""},
    {"watch/042-410-in-stream-bookmarks", Asked::watch, "stream from 200", "listed", ""},
    {"watch/043-410-nocache", Asked::watch, "stream from 200", "listed", ""},
    {"watch/044-nocache-no-rv", Asked::watch, "watch from 325", "listed " + kFive, ""},
    {"watch/050-rbac-removed-while-open", Asked::watch, "watch from 440", "listed waterline0", ""},
    {"watch/051-rbac-removed-reconnect", Asked::watch, "watch from 200", "listed", "403 Forbidden"},
    {"watch/052-crd-schema-changed", Asked::watch, "watch from 200", "listed", ""},
    {"watch/053-crd-deleted", Asked::watch, "watch from 454", "listed", ""},
    {"watch/054-watch-after-crd-deleted", Asked::watch, "stream from 0", "listed", "is not installed"},
    {"watch/060-server-sigterm", Asked::watch, "watch from 200", "listed", ""},
    {"watch/061-server-down", Asked::list, "list", "known", "was reset"},
    {"watch/062-server-sigkill", Asked::watch, "watch from 200", "listed", "was reset"},
    {"watch/063-server-sigterm-graceful", Asked::watch, "watch from 200", "listed", ""},
    {"watch/064-rolling-restart", Asked::watch, "watch from 233", "listed waterline0", ""},
};
// clang-format on

/// What the mirror could have asked for, by name.
std::vector<std::string> listsAndWatches() {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(exchangeFolder())) {
        if (entry.path().extension() != ".json") {
            continue;
        }
        auto name = entry.path().lexically_relative(exchangeFolder()).replace_extension().string();
        const Exchange recording = exchange(name);
        const std::string path = recording.path.substr(0, recording.path.find('?'));
        if (recording.method == "GET" &&
            (path.ends_with("/nodeqoss") || path.ends_with("/pods") || path.ends_with("/nodes"))) {
            result.push_back(std::move(name));
        }
    }
    std::ranges::sort(result);
    return result;
}

TEST(Recorded, every_list_and_watch_has_an_expectation) {
    std::vector<std::string> expected;
    for (const auto& expectation : kExpectations) {
        expected.push_back(expectation.name);
    }
    EXPECT_EQ(listsAndWatches(), expected);
}

class Recording : public testing::TestWithParam<Expectation> {};

void expectIt(const Expectation& expectation, std::size_t pieceSize) {
    const Exchange recording = exchange(expectation.name);
    const Kind kind = kindOf(recording);
    Driver driver(kind, pieceSize);
    driver.store.of(kind)["known"] = {.resourceVersion = "1", .json = "{}"};
    bringTo(driver, kind, expectation.asked);
    replay(driver, recording);
    const std::string problem = driver.state().problem;
    EXPECT_THAT(problem, testing::HasSubstr(expectation.problem));
    EXPECT_EQ(problem.empty(), expectation.problem.empty()) << problem;
    EXPECT_EQ(joined(driver.keys()), expectation.keys);
    EXPECT_EQ(kindOfRequest(driver.ask()), expectation.then);
}

TEST_P(Recording, as_it_was_framed) {
    expectIt(GetParam(), 0);
}

TEST_P(Recording, byte_by_byte) {
    expectIt(GetParam(), 1);
}

INSTANTIATE_TEST_SUITE_P(All, Recording, testing::ValuesIn(kExpectations), [](const auto& param) {
    std::string name = param.param.name;
    std::ranges::replace_if(name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
});

} // namespace
} // namespace plimsoll::kube::test
