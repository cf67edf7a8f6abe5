// SPDX-License-Identifier: Apache-2.0
#include "decoding.hpp"

namespace plimsoll::kube {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::string probing(const std::string& httpGet) {
    return nodeQosWith("nodeQualityProbe: {httpGet: " + httpGet + "}");
}

struct Row {
    std::string httpGet;
    std::string reason; ///< after "spec.nodeQualityProbe.httpGet"
};

const std::string kPort = ".port: must be from 1 to 65535, or one of http, www, https and "
                          "http-alt; the ports that containers give names to are not looked up";
const std::string kHost =
    ".host: must be a host name or an address, without a port and without brackets";
const std::string kPath =
    ".path: must be the path of a URL: ASCII without spaces and '#'; write others as %20";

TEST(HttpProbe, refuses_every_bad_field_with_its_place) {
    for (const auto& row : std::vector<Row>{
             {"now", ": must be a map, not the string 'now'"},
             {"{}", ".port: is missing: a number from 1 to 65535, or http or https"},
             {"{port: 0}", ".port: must be from 1 to 65535, not 0"},
             {"{port: 65536}", ".port: must be from 1 to 65535, not 65536"},
             {"{port: 80.5}", ".port: must be a whole number, not '80.5'"},
             {"{port: ''}", kPort},
             {"{port: '0'}", kPort},
             {"{port: '65536'}", kPort},
             {"{port: '80 '}", kPort},
             {"{port: metrics}", kPort},
             {"{port: 1, scheme: http}", ".scheme: must be HTTP or HTTPS"},
             {"{port: 1, scheme: FTP}", ".scheme: must be HTTP or HTTPS"},
             {"{port: 1, host: 'a b'}", kHost},
             {"{port: 1, host: '[::1]'}", kHost},
             {"{port: 1, host: a/b}", kHost},
             {"{port: 1, host: \"a\\r\\nX: y\"}", kHost},
             {"{port: 1, host: " + std::string(254, 'a') + "}", kHost},
             {"{port: 1, path: '/a b'}", kPath},
             {"{port: 1, path: \"/a HTTP/1.1\\r\\nX: y\"}", kPath},
             {"{port: 1, path: '/a#b'}", kPath},
             {"{port: 1, path: /größe}", kPath},
             {"{port: 1, httpHeaders: {A: b}}", ".httpHeaders: must be a list, not a map"},
             {"{port: 1, httpHeaders: [a]}", ".httpHeaders[0]: must be a map, not the string 'a'"},
             {"{port: 1, httpHeaders: [{value: b}]}",
              ".httpHeaders[0].name: is missing: the name of the header"},
             {"{port: 1, httpHeaders: [{name: A}]}", ".httpHeaders[0].value: is missing"},
             {"{port: 1, httpHeaders: [{name: 'A:', value: b}]}",
              ".httpHeaders[0].name: is not the name of a header: letters, digits and '-'"},
             {"{port: 1, httpHeaders: [{name: \"A\\n\", value: b}]}",
              ".httpHeaders[0].name: is not the name of a header: letters, digits and '-'"},
             {"{port: 1, httpHeaders: [{name: A, value: \"b\\r\\nC: d\"}]}",
              ".httpHeaders[0].value: must be one line without control characters"},
             {"{port: 1, httpHeaders: [{name: A, value: \"b\\0\"}]}",
              ".httpHeaders[0].value: must be one line without control characters"},
         }) {
        const PolicySet set = decode(probing(row.httpGet));
        EXPECT_THAT(
            told(set),
            ElementsAre("error a.yaml:5: NodeQOS/nq: spec.nodeQualityProbe.httpGet" + row.reason))
            << row.httpGet;
        EXPECT_THAT(set.nodeQos, IsEmpty()) << row.httpGet;
    }
}

TEST(HttpProbe, has_32_headers_at_most) {
    std::string headers;
    for (int i = 0; i < 32; ++i) {
        headers += "{name: A, value: b}, ";
    }
    const auto with = [](const std::string& list) {
        return probing("{port: 1, httpHeaders: [" + list + "]}");
    };
    EXPECT_THAT(refusalsOf(with(headers + "{name: A, value: b}")),
                ElementsAre(HasSubstr("httpGet.httpHeaders: more than 32 headers")));
    EXPECT_THAT(decode(with(headers)).nodeQos.at(0).probe->headers, SizeIs(32));
}

TEST(HttpProbe, waits_for_a_while_that_is_not_negative) {
    EXPECT_THAT(
        refusalsOf(nodeQosWith("nodeQualityProbe: {timeoutSeconds: -1, httpGet: {port: 1}}")),
        ElementsAre("error a.yaml:5: NodeQOS/nq: spec.nodeQualityProbe.timeoutSeconds: must be "
                    "from 0 to 2147483647, not -1"));
    for (const auto& [text, seconds] :
         std::vector<std::pair<std::string, int>>{{"0", 10}, {"null", 10}, {"1", 1}}) {
        const PolicySet set = decode(
            nodeQosWith("nodeQualityProbe: {timeoutSeconds: " + text + ", httpGet: {port: 1}}"));
        EXPECT_EQ(set.nodeQos.at(0).probe->timeout, std::chrono::seconds(seconds)) << text;
    }
}

TEST(HttpProbe, asks_for_the_root_of_this_node_by_default) {
    const PolicySet set = decode(probing("{port: 9100}"));
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_EQ(set.nodeQos.at(0).probe, (HttpProbe{.port = 9100, .path = "/"}));
    EXPECT_EQ(set.nodeQos[0].localCacheTtl, std::chrono::seconds(60));
}

TEST(HttpProbe, takes_every_field) {
    const PolicySet set = decode(probing(
        "{host: '::1', port: https, scheme: HTTPS, path: 'stats?format=prometheus', httpHeaders: "
        "[{name: Host, value: a.example:9}, {name: X-Empty, value: ''}, {name: X-Empty, value: "
        "\"größe\\t1\"}]}"));
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_EQ(set.nodeQos.at(0).probe,
              (HttpProbe{
                  .host = "::1",
                  .port = 443,
                  .path = "/stats?format=prometheus",
                  .https = true,
                  .headers = {{"Host", "a.example:9"}, {"X-Empty", ""}, {"X-Empty", "größe\t1"}}}));
}

TEST(HttpProbe, ports_are_numbers_or_have_a_name_in_the_registry) {
    for (const auto& [text, port] : std::vector<std::pair<std::string, int>>{{"1", 1},
                                                                             {"65535", 65535},
                                                                             {"'8080'", 8080},
                                                                             {"http", 80},
                                                                             {"www", 80},
                                                                             {"https", 443},
                                                                             {"http-alt", 8080}}) {
        EXPECT_EQ(decode(probing("{port: " + text + "}")).nodeQos.at(0).probe->port, port) << text;
    }
}

TEST(HttpProbe, unknown_fields_are_told) {
    EXPECT_THAT(
        refusalsOf(probing("{port: 1, headers: [], httpHeaders: [{name: A, value: b, "
                           "valueFrom: c}]}")),
        ElementsAre(HasSubstr("unknown field 'headers'"), HasSubstr("unknown field 'valueFrom'")));
}

std::string podProbing(const std::string& probe) {
    return podQosWith("scopeSelector: {}\n  podQualityProbe: " + probe);
}

TEST(PodProbe, is_checked_like_that_of_a_node) {
    const std::string place = "a.yaml:7: PodQOS/p: spec.podQualityProbe";
    EXPECT_THAT(refusalsOf(podProbing("yes")),
                ElementsAre("error " + place + ": must be a map, not 'yes'"));
    EXPECT_THAT(refusalsOf(podProbing("{httpGet: {port: web}}")),
                ElementsAre("error " + place + ".httpGet" + kPort));
    EXPECT_THAT(
        refusalsOf(podProbing("{httpGet: {port: 1}, nodeLocalGet: {}}")),
        ElementsAre("warning " + place + ".nodeLocalGet: unknown field 'nodeLocalGet' is ignored"));
    const PolicySet nobody = decode(podProbing("{timeoutSeconds: 1}"));
    EXPECT_THAT(told(nobody),
                ElementsAre("warning " + place + ": no httpGet: this probe asks nobody"));
    EXPECT_EQ(nobody.podQos.at(0).probe, std::nullopt);
}

TEST(PodProbe, asks_the_pod) {
    const PolicySet set = decode(podProbing("{httpGet: {port: 8080, path: qos}}"));
    EXPECT_THAT(told(set), IsEmpty());
    EXPECT_EQ(set.podQos.at(0).probe, (HttpProbe{.port = 8080, .path = "/qos"}));
    EXPECT_EQ(decode(podProbing("")).podQos.at(0).probe, std::nullopt);
}

} // namespace
} // namespace plimsoll::kube
