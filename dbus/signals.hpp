// SPDX-License-Identifier: Apache-2.0
// The a{sv} payloads of the Manager's signals.
#pragma once

#include "daemon/model/plan.hpp"
#include "daemon/model/verdict.hpp"
#include "dbus/manager_object.hpp"
#include "dbus/sdbus_compat.hpp"

namespace plimsoll::dbus {

void emitTriggered(ManagerObject& manager, const RuleStatus& rule);
void emitRestored(ManagerObject& manager, const RuleStatus& rule);
/// StepDone or StepFailed, and Drift beside it. Nothing for what is not done here (preview,
/// unavailable), for a step that is pending, and for a pod that is gone.
void emitStep(ManagerObject& manager, const Outcome& outcome);
void emitPolicyChanged(ManagerObject& manager, const Published& state);

} // namespace plimsoll::dbus
