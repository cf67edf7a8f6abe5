// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/mirror.hpp"

#include "kube/mirror/reflector.hpp"
#include "tests/bench/measure.hpp"

#include <algorithm>
#include <malloc.h>
#include <string>
#include <string_view>

namespace plimsoll::bench {
namespace {

constexpr std::size_t kPodBytes = std::size_t{20} * 1024;
constexpr std::size_t kPiece = std::size_t{16} * 1024; // CURL_MAX_WRITE_SIZE
constexpr MonotonicTime kNow{std::chrono::hours(1)};

std::string pod(int number) {
    const std::string name = "web-" + std::to_string(number);
    std::string text = R"({"metadata":{"name":")" + name + R"(","namespace":"default","uid":")" +
                       "6925c36-9fbc-4acd-b66a-" + std::to_string(number) +
                       R"(","resourceVersion":"17","labels":{"app":"web"}},"spec":)"
                       R"({"nodeName":"node-a","containers":[{"name":"c","resources":)"
                       R"({"requests":{"cpu":"100m","memory":"64Mi"}},"env":[)";
    const std::string variable = R"({"name":"SOME_SETTING","value":"some value of it"},)";
    while (text.size() < kPodBytes) {
        text += variable;
    }
    text.back() = ']';
    return text + R"(}]},"status":{"phase":"Running","podIP":"10.0.0.1","qosClass":"Burstable"}})";
}

std::string list(int pods) {
    std::string text = R"({"kind":"PodList","apiVersion":"v1","metadata":)"
                       R"({"resourceVersion":"20"},"items":[)";
    for (int number = 0; number < pods; ++number) {
        text += (number == 0 ? "" : ",") + pod(number);
    }
    return text + "]}";
}

} // namespace

MirrorCost measureMirror(int pods) {
    const std::string body = list(pods);
    kube::ObjectStore store;
    const std::size_t before = ::mallinfo2().uordblks;
    MirrorCost cost{.body = body.size()};
    kube::Reflector reflector(kube::Kind::pod, "node-a", store.of(kube::Kind::pod));
    reflector.begin(kNow, 0);
    reflector.end(kube::http::Answer{.status = 422}, kNow, 0); // no streaming lists
    reflector.begin(kNow, 0);
    cost.list = timed([&] {
        for (std::size_t at = 0; at < body.size(); at += kPiece) {
            reflector.receive(std::string_view(body).substr(at, kPiece), kNow);
            cost.most = std::max(cost.most, ::mallinfo2().uordblks - before);
        }
        reflector.end(kube::http::Answer{.status = 200}, kNow, 0);
    });
    cost.kept = ::mallinfo2().uordblks - before;
    cost.pods = store.of(kube::Kind::pod).size();
    return cost;
}

} // namespace plimsoll::bench
