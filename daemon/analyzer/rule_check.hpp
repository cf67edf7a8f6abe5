// SPDX-License-Identifier: Apache-2.0
// Can this rule ever act, and what of its action can be carried out? Said once, when the policy is
// compiled, in words for the operator.
#pragma once

#include "daemon/analyzer/compiled_policy.hpp"

namespace plimsoll::analyzer {

/// Fills valid, levers, their terms and limitation. `rule.metric` is set; `action` is null when
/// there is none of that name.
void checkRule(CompiledRule& rule, const CompiledAction* action, bool nameTakenAlready);

} // namespace plimsoll::analyzer
