// SPDX-License-Identifier: Apache-2.0
#include "tests/apiserver/watch.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <utility>

namespace plimsoll::test::apiserver {

namespace {

using namespace std::chrono_literals;

// What client-go's server does without a wish: half an hour to an hour.
constexpr auto kLongest = 1800s;
constexpr auto kLastBookmark = 2s; // before the end

std::string line(const char* type, const Json& object) {
    return Json{{"type", type}, {"object", object}}.dump() + "\n";
}

Reply invalidOptions(const std::vector<std::string>& problems) {
    Json causes = Json::array();
    std::string all;
    for (const std::string& problem : problems) {
        causes.push_back(
            invalidCause("resourceVersionMatch", "FieldValueForbidden", "Forbidden: " + problem));
        all += (all.empty() ? "" : ", ") + ("resourceVersionMatch: Forbidden: " + problem);
    }
    if (problems.size() > 1)
        all = "[" + all + "]";
    return failure(422, "Invalid", "ListOptions.meta.k8s.io \"\" is invalid: " + all,
                   {{"group", "meta.k8s.io"}, {"kind", "ListOptions"}, {"causes", causes}});
}

bool sendsInitialEvents(const Request& request) {
    return request.parameter("sendInitialEvents") == "true";
}

} // namespace

std::optional<Reply> invalidListOptions(const Request& request, bool isOld) {
    const std::string match = request.parameter("resourceVersionMatch");
    if (isOld && !match.empty()) {
        std::vector<std::string> problems{"resourceVersionMatch is forbidden for watch"};
        if (request.parameter("resourceVersion").empty())
            problems.emplace_back(
                "resourceVersionMatch is forbidden unless resourceVersion is provided");
        return invalidOptions(problems);
    }
    if (!isOld && sendsInitialEvents(request) && match != "NotOlderThan")
        return invalidOptions(
            {"sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"});
    return std::nullopt;
}

std::optional<Reply> Cluster::refuseWatch(const Request& request) const {
    if (auto refused = refuse(request))
        return refused;
    return invalidListOptions(request, isOld);
}

Watch::Watch(Request request, const Cluster& cluster, Selector selector)
    : request_(std::move(request)), cluster_(&cluster), selector_(std::move(selector)),
      hasBookmarks_(request_.isSet("allowWatchBookmarks")), end_(Clock::now() + kLongest),
      nextBookmark_(Clock::now() + cluster.bookmarkEvery.load()) {
    const long seconds = request_.number("timeoutSeconds");
    if (seconds != 0)
        end_ = Clock::now() + std::chrono::seconds(std::max(seconds, 0L));
    nextBookmark_ = std::min(nextBookmark_, std::max(end_ - kLastBookmark, Clock::now()));
}

Outcome<Watch> Watch::start(const Request& request, const Cluster& cluster) {
    if (auto refused = cluster.refuseWatch(request))
        return std::unexpected(*refused);
    auto selector = Selector::of(request);
    if (!selector)
        return std::unexpected(selector.error());
    const auto asked = versionOf(request);
    if (!asked)
        return std::unexpected(asked.error());
    const std::optional<Version> version = *asked;
    Watch watch(request, cluster, std::move(*selector));
    if (request.number("timeoutSeconds") < 0) { // ends before it has sent anything
        watch.ended_ = true;
        return watch;
    }
    const bool isInitial = sendsInitialEvents(request) && !cluster.isOld;
    if (isInitial || !version) {
        watch.startWithAll(isInitial);
        return watch;
    }
    watch.version_ = watch.told_ = *version;
    watch.isFromFuture_ = watch.version_ > cluster.store().version();
    return watch;
}

void Watch::startWithAll(bool isMarked) {
    const auto listing = cluster_->store().list(request_.plural);
    for (const Json& object : listing.objects)
        if (selector_.matches(object))
            lines_ += line("ADDED", object);
    version_ = told_ = listing.version;
    if (isMarked && hasBookmarks_)
        bookmark(true);
}

std::string Watch::next(Clock::time_point until) {
    if (lines_.empty() && !ended_) {
        until = std::min(until, end_);
        if (hasBookmarks_)
            until = std::min(until, std::max(nextBookmark_, Clock::now()));
        // A future version is never reached: the server waits for it and says nothing.
        // Looked at before: the objects go before their definition does.
        const bool isLast = !isServed(*kindOf(request_.group, request_.plural), cluster_->store());
        const auto changes = cluster_->store().changesAfter(
            isFromFuture_ ? cluster_->store().version() : version_, until);
        if (!changes)
            tooOld(version_);
        else if (!isFromFuture_)
            std::ranges::for_each(*changes, [&](const Change& change) { append(change); });
        if (hasBookmarks_ && Clock::now() >= nextBookmark_ && !ended_ && !isFromFuture_) {
            scheduleBookmark();
            if (version_ > told_)
                bookmark(false);
        }
        ended_ = ended_ || isLast || Clock::now() >= end_;
    }
    return std::exchange(lines_, {});
}

void Watch::scheduleBookmark() {
    const auto last = end_ - kLastBookmark;
    const auto regular = nextBookmark_ + cluster_->bookmarkEvery.load();
    nextBookmark_ = Clock::now() < last ? std::min(regular, last) : end_ + kLongest;
}

void Watch::append(const Change& change) {
    version_ = change.version;
    if (change.key.plural != request_.plural)
        return;
    const bool was = selector_.matches(change.before);
    const bool is = selector_.matches(change.after);
    if (!was && !is)
        return;
    told_ = version_;
    Json object = is ? change.after : change.before;
    object["metadata"]["resourceVersion"] = std::to_string(change.version);
    lines_ += line(!is ? "DELETED" : was ? "MODIFIED" : "ADDED", object);
}

void Watch::bookmark(bool endsInitialEvents) {
    const Kind& kind = *kindOf(request_.group, request_.plural);
    Json metadata = {{"resourceVersion", std::to_string(version_)}};
    if (endsInitialEvents)
        metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
    lines_ += line("BOOKMARK", {{"kind", kind.kind},
                                {"apiVersion", kind.apiVersion()},
                                {"metadata", std::move(metadata)}});
    told_ = version_;
}

void Watch::tooOld(Version version) {
    lines_ += line("ERROR", {{"kind", "Status"},
                             {"apiVersion", "v1"},
                             {"metadata", Json::object()},
                             {"status", "Failure"},
                             {"message", fmt::format("too old resource version: {} ({})", version,
                                                     cluster_->store().oldest())},
                             {"reason", "Expired"},
                             {"code", 410}});
    ended_ = true;
}

} // namespace plimsoll::test::apiserver
