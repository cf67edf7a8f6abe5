// SPDX-License-Identifier: Apache-2.0
// org.plimsoll.Node1.Rule: the rules of the policies as objects.
#pragma once

#include "daemon/model/published.hpp"
#include "dbus/changes.hpp"
#include "dbus/sdbus_compat.hpp"
#include "org.plimsoll.Node1.Rule.adaptor.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::dbus {

class RuleObject final : public sdbus::AdaptorInterfaces<org::plimsoll::Node1::Rule_adaptor> {
public:
    RuleObject(sdbus::IConnection& connection, const Published& state, const RuleKey& key);
    RuleObject(const RuleObject&) = delete;
    RuleObject& operator=(const RuleObject&) = delete;
    ~RuleObject();

    /// Shows what state.rules[index] says; that must be the same rule.
    void update(std::size_t index, Changes& changes);
    void emitChanged(const Changes& changes);
    void announce() { getObject().emitInterfacesAddedSignal(); }
    void withdraw() { getObject().emitInterfacesRemovedSignal(); }
    [[nodiscard]] const RuleKey& key() const { return key_; }

    bool fresh = true; ///< not announced yet
    bool seen = true;  ///< still in the policies

private:
    std::string NodeQOS() override;
    std::string Name() override;
    std::string Metric() override;
    double Watermark() override;
    double Value() override;
    std::string Unit() override;
    std::string Series() override;
    std::uint32_t AvoidanceThreshold() override;
    std::uint32_t RestoreThreshold() override;
    std::string ActionName() override;
    std::string Strategy() override;
    std::string Verdict() override;
    std::string VerdictKind() override;
    std::uint32_t Count() override;
    std::uint32_t Of() override;
    bool Hit() override;
    bool MayRestore() override;
    double Gap() override;
    std::string GapUnit() override;
    std::string Limitation() override;
    std::string Trouble() override;
    Dict PreviewScore() override;

    /// The live status, for what changes with every tick.
    [[nodiscard]] const RuleStatus* status() const;

    const Published& state_;
    RuleKey key_;
    std::size_t index_ = 0;
    // What the bus was told last.
    Rule rule_;
    std::string unit_;
    plimsoll::Verdict verdict_;
    bool hit_ = false;
    bool mayRestore_ = false;
    std::string limitation_;
    std::string trouble_;
    plimsoll::PreviewScore preview_;
};

class RuleObjects {
public:
    RuleObjects(sdbus::IConnection& connection, const Published& state);

    /// Follows state.rules; `signal` false: nobody is listening yet. True: the list changed.
    bool publish(bool signal);
    [[nodiscard]] const std::vector<sdbus::ObjectPath>& paths() const { return paths_; }

private:
    [[nodiscard]] bool sameRules() const;
    void followList(bool signal);

    sdbus::IConnection& connection_;
    const Published& state_;
    std::map<RuleKey, std::unique_ptr<RuleObject>> objects_;
    std::vector<RuleKey> order_;       ///< keys of state.rules when the list was followed last
    std::vector<RuleObject*> byIndex_; ///< parallel; null where a key comes a second time
    std::vector<sdbus::ObjectPath> paths_;
    Changes changes_;
};

} // namespace plimsoll::dbus
