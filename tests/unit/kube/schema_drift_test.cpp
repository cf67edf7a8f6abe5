// SPDX-License-Identifier: Apache-2.0
// Schemas and decoders, field by field: the same names, and the same values of each. That they
// judge whole objects alike is expected in every other test of this folder: see decoding.hpp.
#include "decoding.hpp"
#include "schema.hpp"

#include <regex>
#include <set>
#include <span>
#include <utility>

namespace plimsoll::kube {
namespace {

struct Kept {
    std::string kind;
    std::string path; ///< as visitSchema() writes it
    const YamlNode* part;
};

std::vector<Kept> partsBelowSpec() {
    std::vector<Kept> result;
    for (const auto& kind : kKindsOfPolicies) {
        visitSchema(*schemaOf(kind), "", [&](const std::string& path, const YamlNode& part) {
            if (path.starts_with("spec")) {
                result.push_back({kind, path, &part});
            }
        });
    }
    return result;
}

/// What has to stand beside a field for the decoders to look at it.
std::string company(const std::string& kind, const std::string& path) {
    return kind == "NodeQOS" && path == "spec.nodeQualityProbe.timeoutSeconds"
               ? "nodeLocalGet: {}, "
               : "";
}

/// An object that has nothing but this value at this path: "spec.rules[].name" → "{…, spec:
/// {rules: [{name: VALUE}]}}".
std::string objectWith(const Kept& field, const std::string& value) {
    std::string opened =
        "{apiVersion: ensurance.crane.io/v1alpha1, kind: " + field.kind + ", metadata: {name: x}, ";
    std::string closing = "}";
    std::string done;
    for (std::size_t i = 0; i < field.path.size();) {
        if (field.path.compare(i, 2, "[]") == 0) {
            opened += "[";
            closing.insert(0, "]");
            done += "[]";
            i += 2;
        } else if (field.path.compare(i, 2, "{}") == 0) {
            opened += "{k: ";
            closing.insert(0, "}");
            done += "{}";
            i += 2;
        } else {
            if (i > 0) { // a '.' in front
                opened += "{";
                closing.insert(0, "}");
                ++i;
                done += ".";
            }
            const std::size_t end = std::min(field.path.find_first_of(".[{", i), field.path.size());
            done += field.path.substr(i, end - i);
            opened += company(field.kind, done) + field.path.substr(i, end - i) + ": ";
            i = end;
        }
    }
    return opened + value + closing;
}

/// As the decoders write it.
std::string decodersPath(std::string path) {
    path = std::regex_replace(path, std::regex("\\[\\]"), "[0]");
    return std::regex_replace(path, std::regex("\\{\\}"), ".k");
}

PolicySet decodedAlone(const std::string& text) {
    PolicySet result;
    decodeObjects(text, "a.yaml", result);
    return result;
}

/// Every word in the sources of the decoders that could be the name of a field, and every field of
/// the schemas.
std::vector<std::string> vocabulary() {
    std::set<std::string> result;
    static const std::regex word("\"([A-Za-z][A-Za-z0-9]*)\"");
    for (const auto* source : {"objects", "node_qos", "pod_qos", "avoidance_action", "selectors",
                               "http_probe", "unused_fields"}) {
        const std::string text =
            contents(PLIMSOLL_SOURCE_DIR "/kube/" + std::string(source) + ".cpp");
        for (std::sregex_iterator found(text.begin(), text.end(), word), end; found != end;
             ++found) {
            result.insert((*found)[1]);
        }
    }
    for (const auto& part : partsBelowSpec()) {
        for (const auto& member : at(*part.part, {"properties"}).members) {
            result.insert(member.key);
        }
    }
    return {result.begin(), result.end()};
}

/// Which of these words the decoders do not know at this place.
std::set<std::string> unknownAt(const Kept& place, std::span<const std::string> some) {
    std::string members;
    for (const auto& word : some) {
        members += (members.empty() ? "{'" : ", '") + word + "': null";
    }
    std::set<std::string> result;
    for (const auto& refusal : decodedAlone(objectWith(place, members + "}")).refusals) {
        static const std::regex unknown("unknown field '([A-Za-z0-9]+)'.*");
        std::smatch match;
        if (std::regex_match(refusal.reason, match, unknown) &&
            refusal.path == decodersPath(place.path) + "." + std::string(match[1])) {
            result.insert(match[1]);
        }
    }
    return result;
}

TEST(SchemaDrift, decoders_and_schemas_know_the_same_fields) {
    const std::vector<std::string> words = vocabulary();
    constexpr std::size_t kBatch = 30; // an object has 50 refusals at most
    std::size_t fields = 0;
    for (const auto& place : partsBelowSpec()) {
        if (at(*place.part, {"type"}).text != "object" ||
            place.part->find("additionalProperties") != nullptr) {
            continue;
        }
        std::set<std::string> known(words.begin(), words.end());
        for (std::size_t i = 0; i < words.size(); i += kBatch) {
            const auto count = std::min(kBatch, words.size() - i);
            for (const auto& word : unknownAt(place, std::span(words).subspan(i, count))) {
                known.erase(word);
            }
        }
        std::set<std::string> inSchema;
        for (const auto& member : at(*place.part, {"properties"}).members) {
            inSchema.insert(member.key);
        }
        fields += inSchema.size();
        EXPECT_EQ(inSchema, known) << place.kind << " " << place.path;
    }
    EXPECT_GT(fields, 130U) << "the walk has missed something";
}

std::vector<std::string> samples() {
    std::vector<std::string> result{"true",    "[]",      "[null]",    "[1]",    "['']",
                                    "[a]",     "{}",      "{k: null}", "{k: 1}", "{k: a}",
                                    "{'': a}", "{k: {}}", "[{}]"};
    for (const auto* number : {"-9223372036854775807",
                               "-2147483649",
                               "-2147483648",
                               "-1",
                               "0",
                               "1",
                               "2",
                               "4",
                               "5",
                               "7",
                               "8",
                               "100",
                               "101",
                               "65535",
                               "65536",
                               "100000",
                               "100001",
                               "2147483647",
                               "2147483648",
                               "9223372036854775807"}) {
        result.emplace_back(number);
        result.push_back('"' + std::string(number) + '"');
    }
    for (const auto* word :
         {"",         "a",       "A",      "a-b",          "-a",     "a-",
          "a.b",      "a_b",     "a b",    "a/b",          "/a",     "a/",
          "a/b/c",    "x.io/a",  "X.io/a", "x..io/a",      "a:b",    ":a",
          "_a",       "1a",      "+1",     ".5",           "5.",     ".",
          "1.2.3",    "-0.5",    "0.0",    "0Gi",          "1Gi",    "1gi",
          "500m",     "1e3",     "1E3",    "1e+3",         "1e1000", "0e5",
          "00",       "1 ",      "0080",   "http",         "https",  "www",
          "http-alt", "HTTP",    "HTTPS",  "ftp",          "None",   "Preview",
          "none",     "share",   "Tiny",   "Allow",        "In",     "Exists",
          "QOSClass", "::1",     "[::1]",  "/a?b=c&d=%20", "#",      "~",
          "\\u007f",  "\\u00fc", "a\\tb",  "a\\nb",        "a\\n",   "!#$%&'*+.^_`|~-",
          "10-5",     "-10..5"}) {
        result.push_back('"' + std::string(word) + '"');
    }
    for (const std::size_t length : {63U, 64U, 253U, 254U, 1024U, 1025U}) {
        result.push_back('"' + std::string(length, '1') + '"');
        result.push_back('"' + std::string(length, 'a') + '"');
    }
    std::string umlauts;
    for (int i = 0; i < 1024; ++i) {
        umlauts += "ü";
    }
    result.push_back('"' + umlauts + '"');
    for (const std::size_t length : {253U, 254U}) {
        result.push_back('"' + std::string(length, 'p') + "/a\"");
    }
    return result;
}

/// Whole expressions of a selector: which values are good depends on what stands beside them.
std::vector<std::string> expressions(const std::string& path) {
    static const std::vector<std::string> ofScopes{"scopeName: QOSClass, operator: In",
                                                   "scopeName: Priority, operator: NotIn",
                                                   "scopeName: Namespace, operator: In"};
    static const std::vector<std::string> ofLabels{"key: a, operator: In",
                                                   "key: a, operator: Exists"};
    std::vector<std::string> result;
    for (const auto& value : samples()) {
        for (const auto& beside : path.starts_with("spec.scope") ? ofScopes : ofLabels) {
            for (const auto* end : {"}", "]}"}) {
                std::string whole = "{";
                whole.append(beside).append(end[0] == ']' ? ", values: [" : ", values: ");
                result.push_back(std::move(whole.append(value).append(end)));
            }
        }
    }
    return result;
}

TEST(SchemaDrift, values_are_refused_by_both_or_by_neither) {
    std::size_t compared = 0;
    for (const auto& field : partsBelowSpec()) {
        if (field.path.find(".values") != std::string::npos) {
            continue; // in the expressions
        }
        const std::string path = decodersPath(field.path);
        for (const auto& sample :
             field.path.ends_with(".matchExpressions[]") ? expressions(field.path) : samples()) {
            const PolicySet decoded = decodedAlone(objectWith(field, sample));
            const Refusal* refused = nullptr;
            for (const auto& refusal : decoded.refusals) {
                if (refusal.severity == Refusal::Severity::error &&
                    refusal.path.starts_with(path)) {
                    refused = &refusal;
                }
            }
            if (refused != nullptr && !expressible(*refused)) {
                continue;
            }
            const YamlNode value = parseYaml(sample).documents.at(0);
            const auto violated = violation(*field.part, value, field.path);
            EXPECT_EQ(violated.has_value(), refused != nullptr)
                << field.kind << " " << field.path << ": " << sample.substr(0, 300) << "\n"
                << violated.value_or("") << "\n"
                << (refused == nullptr ? "" : refused->text());
            ++compared;
        }
    }
    EXPECT_GT(compared, 10'000U);
}

} // namespace
} // namespace plimsoll::kube
