// SPDX-License-Identifier: Apache-2.0
// org.plimsoll.Node1.Manager: the node as a whole, and the signals.
#pragma once

#include "daemon/model/published.hpp"
#include "dbus/changes.hpp"
#include "dbus/explanation_dict.hpp"
#include "dbus/metric_recorder.hpp"
#include "dbus/sdbus_compat.hpp"
#include "org.plimsoll.Node1.Manager.adaptor.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace plimsoll::dbus {

class PodObjects;
class RuleObjects;

class ManagerObject final : public sdbus::AdaptorInterfaces<org::plimsoll::Node1::Manager_adaptor> {
public:
    ManagerObject(sdbus::IConnection& connection, const Published& state, const RuleObjects& rules,
                  const PodObjects& pods, const MetricRecorder& recordMetric);
    ManagerObject(const ManagerObject&) = delete;
    ManagerObject& operator=(const ManagerObject&) = delete;
    ~ManagerObject();

    /// After rules and pods were published; `signal` false: nobody is listening yet.
    void publish(bool signal, bool rulesChanged, bool throttledChanged);

private:
    Dict GetSnapshot() override;
    std::vector<Dict> Explain(const std::string& what) override;
    std::vector<DecisionRow> ListDecisions(const std::uint32_t& most) override;
    void RecordMetric(const std::string& name, const double& value,
                      const std::map<std::string, std::string>& labels,
                      const Dict& options) override;
    std::string Version() override;
    std::string NodeName() override;
    std::string Mode() override;
    std::string ModeReason() override;
    std::vector<sdbus::ObjectPath> Rules() override;
    std::vector<sdbus::ObjectPath> ThrottledPods() override;
    std::uint32_t PodCount() override;
    std::uint32_t PodsOmitted() override;
    std::uint64_t PolicyGeneration() override;
    std::vector<std::string> Refusals() override;
    std::vector<Dict> PolicyObjects() override;
    std::vector<std::string> SourceProblems() override;
    std::string Cluster() override;
    std::string ClusterProblem() override;
    std::string ApiServer() override;
    std::uint64_t MirroredAtUSec() override;
    std::string Scheduling() override;
    std::string LastError() override;
    std::uint64_t LastTick() override;
    std::uint64_t LastTickMonotonicUSec() override;
    double CpuUsage() override;
    double CpuUtilization() override;
    double MemoryTotal() override;
    double MemoryUsage() override;
    double MemoryUtilization() override;

    const Published& state_;
    const RuleObjects& rules_;
    const PodObjects& pods_;
    const MetricRecorder& recordMetric_;
    Changes changes_;
    // What the bus was told last.
    std::string nodeName_;
    plimsoll::Mode mode_ = plimsoll::Mode::starting;
    std::string modeReason_;
    std::uint32_t podCount_ = 0;
    std::uint32_t podsOmitted_ = 0;
    std::uint64_t policyGeneration_ = 0;
    std::vector<Refusal> refusals_;
    std::vector<ObjectStatus> objects_;
    std::vector<SourceProblem> sourceProblems_;
    ClusterStatus::State cluster_ = ClusterStatus::State::off;
    std::string clusterProblem_;
    std::string apiServer_;
    NodeClosure::State scheduling_ = NodeClosure::State::unknown;
    std::string lastError_;
};

} // namespace plimsoll::dbus
