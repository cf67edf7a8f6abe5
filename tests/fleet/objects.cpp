// SPDX-License-Identifier: Apache-2.0
#include "tests/fleet/objects.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <random>

namespace plimsoll::fleet {
namespace {

/// Digests, UIDs and hashes are what does not compress.
std::string digits(std::size_t count) {
    static std::mt19937_64 chance(1); // the same objects each time
    std::string text;
    while (text.size() < count)
        text += fmt::format("{:016x}", chance());
    return text.substr(0, count);
}

/// `more` is called with 0, 1, … until the object is as large as wanted.
template <class More>
Json filled(Json object, std::size_t bytes, More more) {
    for (int step = 0; object.dump().size() < bytes; ++step)
        more(object, step);
    return object;
}

} // namespace

Json pod(const std::string& node, int number, std::size_t bytes) {
    const std::string name = fmt::format("web-{}-{}", digits(10), number);
    const Json container = {{"name", "main"},
                            {"image", "registry.example/team/web@sha256:" + digits(64)},
                            {"resources", {{"requests", {{"cpu", "100m"}, {"memory", "256Mi"}}}}},
                            {"env", Json::array()}};
    const Json object = {
        {"apiVersion", "v1"},
        {"kind", "Pod"},
        {"metadata",
         {{"name", name},
          {"namespace", "default"},
          {"labels", {{"app", "web"}, {"pod-template-hash", digits(10)}}},
          {"ownerReferences", {{{"kind", "ReplicaSet"}, {"name", "web"}, {"uid", digits(32)}}}}}},
        {"spec",
         {{"nodeName", node},
          {"terminationGracePeriodSeconds", 30},
          {"containers", Json::array({container})}}},
        {"status", {{"phase", "Running"}, {"qosClass", "Burstable"}, {"podIP", "10.0.0.1"}}}};
    return filled(object, bytes, [](Json& grows, int step) {
        grows["spec"]["containers"][0]["env"].push_back(
            {{"name", fmt::format("SETTING_{}", step)}, {"value", digits(12)}});
    });
}

Json nodeWithImages(const std::string& name, std::size_t bytes) {
    const Json object = {
        {"apiVersion", "v1"},
        {"kind", "Node"},
        {"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name}}}}},
        {"spec", Json::object()},
        {"status",
         {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}, {"images", Json::array()}}}};
    return filled(object, bytes, [](Json& grows, int step) {
        const std::string image = fmt::format("registry.example/team/image-{}", step);
        grows["status"]["images"].push_back(
            {{"names", {image + "@sha256:" + digits(64), image + ":1.0"}},
             {"sizeBytes", 70'000'000}});
    });
}

Json policy(int number, std::size_t bytes) {
    static const std::array kKinds{"NodeQOS", "PodQOS", "AvoidanceAction"};
    const Json object = {{"apiVersion", "ensurance.crane.io/v1alpha1"},
                         {"kind", kKinds.at(std::size_t(number) % kKinds.size())},
                         {"metadata", {{"name", fmt::format("policy-{}", number)}}},
                         {"spec", {{"description", ""}}}};
    return filled(object, bytes, [](Json& grows, int) {
        auto& text = grows["spec"]["description"].get_ref<std::string&>();
        text += "what it is for and who asked for it; ";
    });
}

} // namespace plimsoll::fleet
