// SPDX-License-Identifier: Apache-2.0
#include "kube/resources.hpp"

#include <algorithm>
#include <functional>

namespace plimsoll::kube {
namespace {

constexpr double kMillicoresPerCpu = 1000;

template <class Amount>
std::optional<Amount> decodeAmount(const Field& field, double factor) {
    const auto value = field.quantity();
    if (!value) {
        return std::nullopt;
    }
    if (*value < 0) {
        field.error("must not be negative");
        return std::nullopt;
    }
    return Amount{*value * factor};
}

/// For kubelet a limit of 0 is none.
template <class Amount>
std::optional<Amount> unlessZero(std::optional<Amount> limit) {
    return limit && limit->value > 0 ? limit : std::nullopt;
}

ContainerResources decodeContainer(const Field& container) {
    ContainerResources result = decodeResources(container.at("resources"));
    result.name = container.at("name").text().value_or("");
    return result;
}

/// Amount by amount. What is asked for counts as 0 where it is absent; an absent limit makes the
/// other one worthless.
template <class Operation>
ContainerResources combine(const ContainerResources& a, const ContainerResources& b,
                           Operation operation) {
    const auto requests = [&](auto amount) {
        using Value = typename std::remove_cvref_t<decltype(a.*amount)>::value_type;
        return std::optional(
            operation((a.*amount).value_or(Value{}), (b.*amount).value_or(Value{})));
    };
    const auto limits = [&](auto amount) {
        const bool both = (a.*amount).has_value() && (b.*amount).has_value();
        return both ? std::optional(operation(*(a.*amount), *(b.*amount))) : std::nullopt;
    };
    return {.name = {},
            .cpuRequest = requests(&ContainerResources::cpuRequest),
            .cpuLimit = limits(&ContainerResources::cpuLimit),
            .memoryRequest = requests(&ContainerResources::memoryRequest),
            .memoryLimit = limits(&ContainerResources::memoryLimit),
            .elasticCpu = requests(&ContainerResources::elasticCpu),
            .elasticMemory = requests(&ContainerResources::elasticMemory)};
}

/// What init containers need, one after the other beside the sidecars that were started before:
/// k8s.io/component-helpers/resource.AggregateContainerRequests.
class Startup {
public:
    void addSidecar(const ContainerResources& sidecar) {
        sidecars_ = combine(sidecars_, sidecar, std::plus());
        raise(sidecars_);
    }
    void addInitContainer(const ContainerResources& container) {
        raise(combine(sidecars_, container, std::plus()));
    }
    [[nodiscard]] const std::optional<ContainerResources>& peak() const { return peak_; }

private:
    void raise(const ContainerResources& needed) {
        const auto larger = [](auto a, auto b) { return std::max(a, b); };
        peak_ = peak_ ? combine(*peak_, needed, larger) : needed;
    }

    /// Nothing, and it has limits.
    ContainerResources sidecars_{.cpuLimit = Millicores{}, .memoryLimit = Bytes{}};
    std::optional<ContainerResources> peak_;
};

} // namespace

std::optional<Millicores> decodeCores(const Field& field) {
    return decodeAmount<Millicores>(field, kMillicoresPerCpu);
}

std::optional<Bytes> decodeBytes(const Field& field) {
    return decodeAmount<Bytes>(field, 1);
}

ContainerResources decodeResources(const Field& resources) {
    resources.isMap();
    const Field requests = resources.at("requests");
    const Field limits = resources.at("limits");
    requests.isMap();
    limits.isMap();
    // A limit without a request is its own request, which the API server writes down when the pod
    // is created. Of extended resources request and limit are equal, and one may be left out.
    const auto either = [](auto first, auto second) { return first ? first : second; };
    ContainerResources result;
    result.cpuLimit = unlessZero(decodeCores(limits.at("cpu")));
    result.cpuRequest = either(decodeCores(requests.at("cpu")), result.cpuLimit);
    result.memoryLimit = unlessZero(decodeBytes(limits.at("memory")));
    result.memoryRequest = either(decodeBytes(requests.at("memory")), result.memoryLimit);
    result.elasticCpu = either(decodeCores(limits.at("gocrane.io/cpu")),
                               decodeCores(requests.at("gocrane.io/cpu")));
    result.elasticMemory = either(decodeBytes(limits.at("gocrane.io/memory")),
                                  decodeBytes(requests.at("gocrane.io/memory")));
    return result;
}

Containers decodeContainers(const Field& spec) {
    Containers result;
    Startup startup;
    for (const auto& item : spec.at("initContainers").items()) {
        const auto container = decodeContainer(item);
        result.all.push_back(container);
        if (item.at("restartPolicy").text() == "Always") { // a sidecar
            result.running.push_back(container);
            startup.addSidecar(container);
        } else {
            startup.addInitContainer(container);
        }
    }
    for (const auto& item : spec.at("containers").items()) {
        result.all.push_back(decodeContainer(item));
        result.running.push_back(result.all.back());
    }
    result.startup = startup.peak();
    return result;
}

/// pkg/apis/core/v1/helper/qos.ComputePodQOS.
QosClass computeQosClass(const std::vector<ContainerResources>& containers) {
    bool anything = false;
    bool guaranteed = !containers.empty();
    const auto look = [&](const auto& request, const auto& limit) {
        anything = anything || (request && request->value > 0) || limit;
        guaranteed = guaranteed && limit && request == limit;
    };
    for (const auto& container : containers) {
        look(container.cpuRequest, container.cpuLimit);
        look(container.memoryRequest, container.memoryLimit);
    }
    if (!anything) {
        return QosClass::bestEffort;
    }
    return guaranteed ? QosClass::guaranteed : QosClass::burstable;
}

} // namespace plimsoll::kube
