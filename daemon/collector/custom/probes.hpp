// SPDX-License-Identifier: Apache-2.0
// The HTTP probes of NodeQOS and PodQOS objects: asked on the loop, each at its own time.
#pragma once

#include "daemon/collector/custom/probe_targets.hpp"
#include "daemon/collector/custom/sample_source.hpp"
#include "kube/http/client.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

struct sd_event;

namespace plimsoll::collector {

class Probe;

/// What all probes share.
struct ProbeContext {
    sd_event* event;
    kube::http::Client podClient;
    kube::http::Client nodeQosClient;
    bool (*isBuiltin)(std::string_view name);
    std::set<std::string, std::less<>> watched{}; ///< metrics that some rule names
    std::size_t series = 0;                       ///< that all probes keep together
    std::uint64_t generation = 0;
};

class Probes : public SampleSource {
public:
    /// `isBuiltin`: names of metrics that are Plimsoll's own. Throws std::system_error when there
    /// is no memory for an HTTP client.
    Probes(sd_event* event, bool (*isBuiltin)(std::string_view name));
    ~Probes() override;
    Probes(const Probes&) = delete;
    Probes& operator=(const Probes&) = delete;

    /// Probes that stay as they are keep their schedule and values. The others end: their requests
    /// are cancelled and their values dropped. Of an answer only the metrics that rules name are
    /// kept: of a metric that no rule named before, there are values from the next answers on.
    void setPolicy(const PolicySet& policy, const ProbeSettings& settings);

    [[nodiscard]] std::uint64_t generation() const override { return context_.generation; }
    /// The last values of each probe, however old they are: a rule's TTL decides on that.
    void append(CustomSamples& to) const override;

private:
    ProbeContext context_;
    std::vector<std::shared_ptr<Probe>> probes_; // after context_, which they use in going
};

} // namespace plimsoll::collector
