// SPDX-License-Identifier: Apache-2.0
// What the fuzzers call: one function for each kind of text from outside. They check what must hold
// for every text, and abort() where it does not.
#pragma once

#include <string_view>

namespace plimsoll::fuzz {

/// /proc and cgroup files.
void fuzzParse(std::string_view text);
void fuzzCpuMax(std::string_view text);
/// Names of directories.
void fuzzLayout(std::string_view text);
/// policies.d/*.yaml.
void fuzzPolicy(std::string_view text);
/// Watermarks and resources.
void fuzzQuantity(std::string_view text);
/// *.prom files, and what probes answer.
void fuzzPrometheus(std::string_view text);
/// What probes answer.
void fuzzJson(std::string_view text);
/// Lists and watches of the API server, and the mirror's file.
void fuzzMirror(std::string_view text);
/// plimsolld.toml.
void fuzzToml(std::string_view text);
void fuzzKubeconfig(std::string_view text);
/// What credential plugins print.
void fuzzExecCredential(std::string_view text);

} // namespace plimsoll::fuzz
