// SPDX-License-Identifier: Apache-2.0
// Evictions against what real API servers answered.
#include "fake_api.hpp"
#include "kube/actions/evictions.hpp"
#include "recorded.hpp"

#include <gmock/gmock.h>
#include <map>

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using test::Exchange;
using test::FakeApi;
using test::recorded;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using Json = nlohmann::json;
using Kind = EvictionAnswer::Kind;

const PodUid kUid("08fff7fe-40b4-4609-ac9a-644d5fe7b5f8");

EvictionOrder order(const std::string& name) {
    return {.namespaceName = "default", .name = name, .uid = kUid, .grace = 30s, .dryRun = false};
}

class EvictionsTest : public testing::Test {
protected:
    void evict(const EvictionOrder& one) {
        evictions_->evict(one, [this](EvictionAnswer answer) { got_.push_back(answer); });
    }
    EvictionAnswer answered(const http::Answer& answer, const EvictionOrder& one = order("web-0")) {
        evict(one);
        api_.answer(answer);
        EXPECT_THAT(got_, SizeIs(1));
        return got_.empty() ? EvictionAnswer{} : std::exchange(got_, {}).front();
    }
    static Json bodyOf(const ApiRequest& request) { return Json::parse(request.body); }

    FakeApi api_;
    std::unique_ptr<Evictions> evictions_ = std::make_unique<Evictions>(api_);
    std::vector<EvictionAnswer> got_;
};

TEST_F(EvictionsTest, without_an_answer_it_is_unknown_whether_the_pod_goes) {
    evict(order("web-0"));
    api_.fail("POST https://10.0.0.1:6443/…: timed out after 15 s");
    ASSERT_THAT(got_, SizeIs(1));
    EXPECT_EQ(got_[0].kind, Kind::unknown);
    EXPECT_EQ(got_[0].text, "pod default/web-0 may be evicted or not: "
                            "POST https://10.0.0.1:6443/…: timed out after 15 s");
}

TEST_F(EvictionsTest, a_server_that_gave_up_on_its_store_may_have_evicted_the_pod) {
    const auto hung = recorded("misc/052-etcd-hang-patch").answer;
    ASSERT_EQ(hung.status, 504);
    EXPECT_EQ(answered(hung).kind, Kind::unknown);
    EXPECT_EQ(answered(recorded("misc/053-etcd-hang-get").answer).kind, Kind::unknown);
    EXPECT_EQ(answered({.status = 502, .body = "<html>Bad Gateway</html>"}).kind, Kind::unknown);
    EXPECT_EQ(answered({.status = 503}).kind, Kind::unknown) << "a balancer says so, too";
    EXPECT_EQ(answered({.status = 500, .body = "{\"kind\":\"Status\",\"message\":\"oops\"}"}).kind,
              Kind::unknown)
        << "etcd has a new leader: what was sent may have been done";
}

TEST_F(EvictionsTest, a_busy_server_is_asked_later) {
    for (const auto* name : {"misc/060-apf-429-list", "misc/062-inflight-429",
                             "crs/073-list-while-crd-comes-up-429"}) {
        const auto answer = answered(recorded(name).answer);
        EXPECT_EQ(answer.kind, Kind::notNow) << name;
        EXPECT_EQ(answer.retryAfter, 1s) << name;
        EXPECT_THAT(answer.text, HasSubstr("the API server is busy")) << name;
    }
    EXPECT_EQ(answered({.status = 503,
                        .body = R"({"kind":"Status","reason":"ServiceUnavailable"})",
                        .retryAfter = 1s})
                  .kind,
              Kind::notNow);
}

TEST_F(EvictionsTest, credentials_that_are_refused_may_not_evict) {
    const auto answer = answered(recorded("misc/012-expired").answer);
    EXPECT_EQ(answer.kind, Kind::forbidden);
    EXPECT_THAT(answer.text, HasSubstr("may not be evicted from here: 401 Unauthorized"));
}

TEST_F(EvictionsTest, a_page_that_is_not_found_says_nothing_about_the_pod) {
    const auto answer = answered({.status = 404,
                                  .contentType = "text/plain; charset=utf-8",
                                  .body = "404 page not found\n"});
    EXPECT_EQ(answer.kind, Kind::refused);
}

TEST_F(EvictionsTest, hostile_answers_are_no_news) {
    EXPECT_EQ(answered({.status = 429, .body = std::string(100'000, '[')}).kind, Kind::notNow);
    EXPECT_EQ(answered({.status = 409, .body = "\xff\xfe{"}).kind, Kind::notNow);
    EXPECT_EQ(answered({.status = 302, .body = ""}).kind, Kind::refused);
    const auto long_ =
        answered({.status = 422,
                  .body = "{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"" +
                          std::string(50'000, 'x') + "\"}"});
    EXPECT_EQ(long_.kind, Kind::refused);
    EXPECT_LT(long_.text.size(), 2'000U);
}

TEST_F(EvictionsTest, names_that_lead_elsewhere_are_refused) {
    evict(order("../../nodes/node-a"));
    evict({.namespaceName = "a/b", .name = "web-0", .uid = kUid});
    EXPECT_THAT(api_.requests, IsEmpty());
    ASSERT_THAT(got_, SizeIs(2));
    EXPECT_EQ(got_[0].kind, Kind::refused);
    EXPECT_EQ(got_[1].kind, Kind::refused);
}

TEST_F(EvictionsTest, nobody_is_told_who_has_gone) {
    evict(order("web-0"));
    evict(order("web-1"));
    ASSERT_EQ(api_.pending(), 2U);
    evictions_.reset();
    EXPECT_EQ(api_.pending(), 0U);
    EXPECT_THAT(got_, IsEmpty());
}

TEST_F(EvictionsTest, may_be_destroyed_by_who_is_told) {
    evictions_->evict(order("web-0"), [this](EvictionAnswer) { evictions_.reset(); });
    evict(order("web-1"));
    api_.answer(recorded("eviction/004-own-ok").answer);
    EXPECT_EQ(evictions_, nullptr);
    EXPECT_EQ(api_.pending(), 0U);
}

TEST_F(EvictionsTest, two_at_a_time_get_their_own_answers) {
    evict(order("web-0"));
    evict(order("web-1"));
    api_.answer(recorded("eviction/031-pdb-blocks").answer);
    api_.answer(recorded("eviction/034-pdb-allows").answer);
    ASSERT_THAT(got_, SizeIs(2));
    EXPECT_EQ(got_[0].kind, Kind::notNow);
    EXPECT_THAT(got_[0].text, HasSubstr("web-0"));
    EXPECT_EQ(got_[1].kind, Kind::accepted);
    EXPECT_THAT(got_[1].text, HasSubstr("web-1"));
}

TEST_F(EvictionsTest, sends_what_the_server_took) {
    const Exchange took = recorded("eviction/004-own-ok");
    auto one = order("be-0");
    one.grace = 5s;
    evict(one);
    const auto& sent = api_.next();
    EXPECT_EQ(http::name(sent.method), took.method);
    EXPECT_EQ(sent.path, took.path);
    EXPECT_EQ(sent.contentType, took.contentType);
    EXPECT_EQ(bodyOf(sent), Json::parse(took.body));
}

TEST_F(EvictionsTest, a_dry_run_says_so_and_is_answered_as_such) {
    auto one = order("be-0");
    one.dryRun = true;
    evict(one);
    EXPECT_EQ(bodyOf(api_.next())["deleteOptions"]["dryRun"],
              Json::parse(recorded("eviction/001-dryrun-body").body)["deleteOptions"]["dryRun"]);
    api_.answer(recorded("eviction/001-dryrun-body").answer);
    EXPECT_EQ(got_.at(0).text, "pod default/be-0 could be evicted now");
    evict(order("be-0"));
    EXPECT_FALSE(bodyOf(api_.next())["deleteOptions"].contains("dryRun"));
}

TEST_F(EvictionsTest, never_asks_for_no_grace_at_all) {
    for (const auto grace : {0s, -1s, -1000s}) {
        auto one = order("be-0");
        one.grace = grace;
        evict(one);
        EXPECT_EQ(bodyOf(api_.requests.back())["deleteOptions"]["gracePeriodSeconds"], 1);
    }
}

TEST_F(EvictionsTest, a_pod_whose_uid_is_not_known_is_never_evicted_by_its_name) {
    auto one = order("be-0");
    one.uid = {};
    evict(one);
    EXPECT_EQ(bodyOf(api_.next())["deleteOptions"]["preconditions"], (Json{{"uid", ""}}));
}

TEST_F(EvictionsTest, an_old_server_gets_the_old_version_and_from_then_on_only_that) {
    evict(order("a-0"));
    EXPECT_EQ(bodyOf(api_.next())["apiVersion"], "policy/v1");
    api_.answer(recorded("v1.20/030-evict-v1").answer);
    EXPECT_THAT(got_, IsEmpty());
    auto withoutVersion = bodyOf(api_.requests[0]);
    EXPECT_EQ(bodyOf(api_.next())["apiVersion"], "policy/v1beta1");
    withoutVersion["apiVersion"] = "policy/v1beta1";
    EXPECT_EQ(bodyOf(api_.next()), withoutVersion);
    api_.answer(recorded("v1.20/031-evict-v1beta1").answer);
    EXPECT_EQ(got_.at(0).kind, Kind::accepted);
    evict(order("a-1"));
    EXPECT_EQ(bodyOf(api_.next())["apiVersion"], "policy/v1beta1");
}

TEST_F(EvictionsTest, a_server_that_has_dropped_the_old_version_gets_the_new_one_again) {
    evict(order("a-0"));
    api_.answer(recorded("v1.20/030-evict-v1").answer);
    api_.answer(recorded("v1.20/031-evict-v1beta1").answer);
    evict(order("a-1"));
    http::Answer upgraded = recorded("v1.20/030-evict-v1").answer;
    const std::string version = "policy/v1\\\"";
    upgraded.body.replace(upgraded.body.find(version), version.size(), "policy/v1beta1\\\"");
    api_.answer(upgraded);
    EXPECT_EQ(bodyOf(api_.next())["apiVersion"], "policy/v1");
    api_.answer(recorded("eviction/004-own-ok").answer);
    EXPECT_EQ(got_.at(1).kind, Kind::accepted);
}

TEST_F(EvictionsTest, a_server_that_knows_neither_version_refuses) {
    evict(order("a-0"));
    http::Answer neither = recorded("v1.20/030-evict-v1").answer;
    api_.answer(neither);
    const std::string version = "policy/v1\\\"";
    neither.body.replace(neither.body.find(version), version.size(), "policy/v1beta1\\\"");
    api_.answer(neither);
    ASSERT_THAT(got_, SizeIs(1));
    EXPECT_EQ(got_[0].kind, Kind::refused);
    EXPECT_EQ(api_.pending(), 0U);
}

struct Recorded {
    Kind kind = Kind::unknown;
    std::optional<std::chrono::seconds> retryAfter;
    std::string text; ///< is part of the sentence
};

const Recorded kAccepted{Kind::accepted, {}, "is told to go within 30 s"};
const Recorded kMalformed{Kind::refused, {}, "cannot be evicted: 400 BadRequest"};
const Recorded kForeign{
    Kind::forbidden, {}, "can only evict pods with spec.nodeName set to itself"};

const std::map<std::string, Recorded> kTable{
    {"eviction/001-dryrun-body", kAccepted},
    {"eviction/002-dryrun-query", kAccepted},
    {"eviction/003-wrong-uid", {Kind::gone, {}, "is another one by now, which has its name"}},
    {"eviction/004-own-ok", kAccepted},
    {"eviction/006-again-terminating", kAccepted},
    {"eviction/006b-again-shorter-grace", kAccepted},
    {"eviction/007-own-default-grace", kAccepted},
    {"eviction/008-grace-0", kAccepted},
    {"eviction/010-grace-negative", kAccepted},
    {"eviction/011-other-node", kForeign},
    {"eviction/012-nonexistent", {Kind::gone, {}, "is not there any more"}},
    {"eviction/013-name-mismatch", kMalformed},
    {"eviction/014-v1beta1-body", kAccepted},
    {"eviction/015-empty-metadata", kMalformed},
    {"eviction/016-no-body", kMalformed},
    {"eviction/017-mirror", kAccepted},
    {"eviction/018-pending", kAccepted},
    {"eviction/020-unbound", kForeign},
    {"eviction/030-pdb-unobserved",
     {Kind::notNow, 10s, "not evicted now: The disruption budget web is still being processed"}},
    {"eviction/031-pdb-blocks",
     {Kind::notNow,
      {},
      "not evicted now: The disruption budget web needs 2 healthy pods and has 2 currently"}},
    {"eviction/032-pdb-blocks-dryrun",
     {Kind::notNow,
      {},
      "not evicted now: The disruption budget web needs 2 healthy pods and has 2 currently"}},
    {"eviction/033-two-pdbs",
     {Kind::refused, {}, "cannot be evicted: 500: This pod has more than one PodDisruptionBudget"}},
    {"eviction/034-pdb-allows", kAccepted},
    {"eviction/036-pdb-next",
     {Kind::notNow, {}, "The disruption budget web does not allow evicting pods currently"}},
    {"eviction/040-succeeded-pod", kAccepted},
    {"eviction/041-failed-pod", kAccepted},
    {"eviction/042-pending-pdb", kAccepted},
    {"eviction/043-precondition-rv-stale", {Kind::notNow, {}, "others were changing it"}},
    {"eviction/044-precondition-rv-ok", kAccepted},
    {"eviction/045-propagation", kAccepted},
    {"eviction/046-finalizer-grace0", kAccepted},
    {"kcm/010-pdb-first", kAccepted},
    {"kcm/011-pdb-same-pod-again", kAccepted},
    {"kcm/012-pdb-second",
     {Kind::notNow, {}, "The disruption budget guard needs 1 healthy pods and has 1 currently"}},
    {"kcm/014-pdb-unready",
     {Kind::notNow, {}, "The disruption budget guard needs 1 healthy pods and has 0 currently"}},
    {"misc/045-startup-evict-404-2", {Kind::gone, {}, "is not there any more"}},
    {"v1.20/031-evict-v1beta1", kAccepted},
    {"v1.20/033-evict-other", kForeign},
    {"v1.20/034-evict-dryrun", kAccepted},
    {"v1.20/035-evict-wrong-uid", {Kind::gone, {}, "is another one by now"}},
    {"v1.20/036-pdb-unobserved", {Kind::notNow, {}, "The disruption budget w is still being"}},
    {"v1.20/037-pdb-blocks", {Kind::notNow, {}, "The disruption budget"}},
    {"v1.20/037b-pdb-pending", kAccepted},
};

/// Has its own test: it is no answer to the caller.
const std::string kOldServer = "v1.20/030-evict-v1";

bool isEviction(const Exchange& exchange) {
    return exchange.method == "POST" &&
           exchange.path.substr(0, exchange.path.find('?')).ends_with("/eviction") &&
           exchange.path.starts_with("/api/v1/namespaces/");
}

std::string podOf(const Exchange& exchange) {
    const std::string before = "/pods/";
    const auto begin = exchange.path.find(before) + before.size();
    return exchange.path.substr(begin, exchange.path.find('/', begin) - begin);
}

TEST_F(EvictionsTest, every_recorded_answer_has_its_meaning) {
    for (const auto& [name, expected] : kTable) {
        const Exchange exchange = recorded(name);
        const auto answer = answered(exchange.answer, order(podOf(exchange)));
        EXPECT_EQ(answer.kind, expected.kind) << name;
        EXPECT_EQ(answer.retryAfter, expected.retryAfter) << name;
        EXPECT_THAT(answer.text, AllOf(HasSubstr("pod default/" + podOf(exchange) + " "),
                                       HasSubstr(expected.text), Not(HasSubstr("\n"))))
            << name;
    }
}

TEST_F(EvictionsTest, no_recorded_eviction_is_left_out) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(test::kRecorded)) {
        const auto folder = entry.path().parent_path().filename().string();
        if (entry.path().extension() != ".json") {
            continue;
        }
        const std::string name = folder + "/" + entry.path().stem().string();
        if (isEviction(recorded(name)) && name != kOldServer) {
            EXPECT_TRUE(kTable.contains(name)) << name;
        }
    }
}

} // namespace
} // namespace plimsoll::kube
