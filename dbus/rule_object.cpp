// SPDX-License-Identifier: Apache-2.0
#include "dbus/rule_object.hpp"

#include "dbus/object_path.hpp"

#include <limits>

namespace plimsoll::dbus {

namespace {

constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

} // namespace

RuleObject::RuleObject(sdbus::IConnection& connection, const Published& state, const RuleKey& key)
    : AdaptorInterfaces(connection, sdbus::ObjectPath{rulePath(key)}), state_(state), key_(key) {
    registerAdaptor();
}

RuleObject::~RuleObject() {
    unregisterAdaptor();
}

void RuleObject::update(std::size_t index, Changes& changes) {
    index_ = index;
    const RuleStatus& now = state_.rules[index];
    changes.take(rule_.metric, now.rule.metric, "Metric");
    changes.take(unit_, now.unit, "Unit");
    changes.take(rule_.watermark, now.rule.watermark, "Watermark");
    changes.take(rule_.avoidanceThreshold, now.rule.avoidanceThreshold, "AvoidanceThreshold");
    changes.take(rule_.restoreThreshold, now.rule.restoreThreshold, "RestoreThreshold");
    changes.take(rule_.actionName, now.rule.actionName, "ActionName");
    changes.take(rule_.strategy, now.rule.strategy, "Strategy");
    if (verdict_ != now.verdict) {
        changes.add("Verdict");
        changes.take(verdict_.kind, now.verdict.kind, "VerdictKind");
        changes.take(verdict_.count, now.verdict.count, "Count");
        changes.take(verdict_.of, now.verdict.of, "Of");
    }
    changes.take(hit_, now.hit, "Hit");
    changes.take(mayRestore_, now.mayRestore, "MayRestore");
    changes.take(limitation_, now.limitation, "Limitation");
    changes.take(trouble_, now.trouble, "Trouble");
    changes.take(preview_, now.preview, "PreviewScore");
}

void RuleObject::emitChanged(const Changes& changes) {
    emitPropertiesChanged(getObject(), INTERFACE_NAME, changes.names());
}

const RuleStatus* RuleObject::status() const {
    if (index_ < state_.rules.size() && state_.rules[index_].key == key_)
        return &state_.rules[index_];
    return nullptr;
}

std::string RuleObject::NodeQOS() {
    return key_.policy;
}
std::string RuleObject::Name() {
    return key_.rule;
}
std::string RuleObject::Metric() {
    return rule_.metric;
}
double RuleObject::Watermark() {
    return rule_.watermark;
}
std::string RuleObject::Unit() {
    return unit_;
}
std::uint32_t RuleObject::AvoidanceThreshold() {
    return rule_.avoidanceThreshold;
}
std::uint32_t RuleObject::RestoreThreshold() {
    return rule_.restoreThreshold;
}
std::string RuleObject::ActionName() {
    return rule_.actionName;
}
std::string RuleObject::Strategy() {
    return rule_.strategy == plimsoll::Strategy::preview ? "Preview" : "None";
}
std::string RuleObject::Verdict() {
    return verdict_.text();
}
std::string RuleObject::VerdictKind() {
    return std::string(name(verdict_.kind));
}
std::uint32_t RuleObject::Count() {
    return verdict_.count;
}
std::uint32_t RuleObject::Of() {
    return verdict_.of;
}
bool RuleObject::Hit() {
    return hit_;
}
bool RuleObject::MayRestore() {
    return mayRestore_;
}
std::string RuleObject::Limitation() {
    return limitation_;
}
std::string RuleObject::Trouble() {
    return trouble_;
}

Dict RuleObject::PreviewScore() {
    if (rule_.strategy != plimsoll::Strategy::preview)
        return {};
    return {{"Episodes", sdbus::Variant{static_cast<std::uint32_t>(preview_.episodes)}},
            {"OnItsOwn", sdbus::Variant{static_cast<std::uint32_t>(preview_.onItsOwn)}},
            {"ByOthers", sdbus::Variant{static_cast<std::uint32_t>(preview_.byOthers)}},
            {"WouldHelp", sdbus::Variant{static_cast<std::uint32_t>(preview_.wouldHelp)}},
            {"LastSeconds", sdbus::Variant{preview_.lastSeconds}},
            {"LastExpectedRelease", sdbus::Variant{preview_.lastExpected.cpu.value}},
            {"LastExpectedMemoryRelease", sdbus::Variant{preview_.lastExpected.memory.value}}};
}

std::string RuleObject::Series() {
    const RuleStatus* now = status();
    return now != nullptr ? now->series : std::string();
}

double RuleObject::Value() {
    const RuleStatus* now = status();
    return now != nullptr ? now->value.value_or(kNotKnown) : kNotKnown;
}

double RuleObject::Gap() {
    const RuleStatus* now = status();
    return now != nullptr && now->gap ? now->gap->amount : kNotKnown;
}

std::string RuleObject::GapUnit() {
    const RuleStatus* now = status();
    return now != nullptr && now->gap ? std::string(name(now->gap->unit)) : std::string();
}

RuleObjects::RuleObjects(sdbus::IConnection& connection, const Published& state)
    : connection_(connection), state_(state) {}

bool RuleObjects::publish(bool signal) {
    const bool listChanged = !sameRules();
    if (listChanged)
        followList(signal);
    for (std::size_t i = 0; i < byIndex_.size(); ++i) {
        RuleObject* const object = byIndex_[i];
        if (object == nullptr)
            continue;
        changes_.clear();
        object->update(i, changes_);
        if (signal && object->fresh)
            object->announce(); // carries all properties
        else if (signal && !changes_.empty())
            object->emitChanged(changes_);
        object->fresh = false;
    }
    return listChanged;
}

bool RuleObjects::sameRules() const {
    if (order_.size() != state_.rules.size())
        return false;
    for (std::size_t i = 0; i < order_.size(); ++i)
        if (order_[i] != state_.rules[i].key)
            return false;
    return true;
}

void RuleObjects::followList(bool signal) {
    for (auto& [key, object] : objects_)
        object->seen = false;
    order_.clear();
    byIndex_.clear();
    paths_.clear();
    for (const auto& status : state_.rules) {
        order_.push_back(status.key);
        auto& object = objects_[status.key];
        if (!object)
            object = std::make_unique<RuleObject>(connection_, state_, status.key);
        else if (object->seen) { // a second rule of the same name in the same policy
            byIndex_.push_back(nullptr);
            continue;
        }
        object->seen = true;
        byIndex_.push_back(object.get());
        paths_.emplace_back(rulePath(status.key));
    }
    for (auto it = objects_.begin(); it != objects_.end();) {
        if (it->second->seen) {
            ++it;
            continue;
        }
        if (signal)
            it->second->withdraw();
        it = objects_.erase(it);
    }
}

} // namespace plimsoll::dbus
