// SPDX-License-Identifier: Apache-2.0
// Each fuzz target over its corpus, cut short and with bytes changed: without libFuzzer, in every
// run of the tests.
#include "tests/fuzz/targets.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace plimsoll::fuzz {
namespace {

namespace fs = std::filesystem;

struct Target {
    const char* name;
    void (*function)(std::string_view);
};
void PrintTo(const Target& target, std::ostream* out) {
    *out << target.name;
}

class CorpusOf : public testing::TestWithParam<Target> {
protected:
    /// In memory of exactly that size, so that ASan sees a read behind the end.
    static void feed(const std::string& text) {
        const auto exact = std::make_unique<char[]>(text.size());
        std::ranges::copy(text, exact.get());
        GetParam().function({exact.get(), text.size()});
    }
    static std::vector<std::string> seeds() {
        std::vector<std::string> found;
        for (const auto& entry :
             fs::directory_iterator(fs::path(PLIMSOLL_CORPUS) / GetParam().name)) {
            std::ifstream in(entry.path(), std::ios::binary);
            found.emplace_back(std::istreambuf_iterator<char>(in),
                               std::istreambuf_iterator<char>());
        }
        return found;
    }
};

TEST_P(CorpusOf, holds_for_every_seed_cut_short_and_changed) {
    const std::vector<std::string> texts = seeds();
    ASSERT_FALSE(texts.empty());
    feed("");
    for (const std::string& text : texts) {
        feed(text);
        const std::size_t stride = std::max<std::size_t>(1, text.size() / 64);
        for (std::size_t at = 0; at < text.size(); at += stride) {
            feed(text.substr(0, at));
            for (const char byte : {'\0', '\n', ' ', '-', '9', ':', '\xff'}) {
                std::string changed = text;
                changed[at] = byte;
                feed(changed);
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Fuzz, CorpusOf,
                         testing::Values(Target{"parse", fuzzParse}, Target{"cpu_max", fuzzCpuMax},
                                         Target{"layout", fuzzLayout}, Target{"policy", fuzzPolicy},
                                         Target{"quantity", fuzzQuantity},
                                         Target{"prometheus", fuzzPrometheus},
                                         Target{"json", fuzzJson}, Target{"mirror", fuzzMirror},
                                         Target{"toml", fuzzToml},
                                         Target{"kubeconfig", fuzzKubeconfig},
                                         Target{"exec_credential", fuzzExecCredential}));

} // namespace
} // namespace plimsoll::fuzz
