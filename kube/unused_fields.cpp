// SPDX-License-Identifier: Apache-2.0
// The fields that the API has and that nothing here acts on yet, as a table of their types.
#include "kube/decode.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plimsoll::kube {
namespace {

struct Shape {
    enum class Type : std::uint8_t { boolean, integer, text, object, listOf, mapOf };
    std::string_view name; ///< listOf and mapOf: their one field has none
    Type type = Type::text;
    bool required = false;
    std::int64_t low = std::numeric_limits<std::int64_t>::min();
    std::int64_t high = std::numeric_limits<std::int64_t>::max();
    std::vector<Shape> fields;
    std::vector<std::string_view> words; ///< text: one of these
};

Shape text(std::string_view name) {
    return {.name = name};
}
Shape word(std::string_view name, std::vector<std::string_view> words) {
    return {.name = name, .words = std::move(words)};
}
Shape boolean(std::string_view name) {
    return {.name = name, .type = Shape::Type::boolean};
}
Shape integer(std::string_view name, std::int64_t low = std::numeric_limits<std::int64_t>::min(),
              std::int64_t high = std::numeric_limits<std::int64_t>::max()) {
    return {.name = name, .type = Shape::Type::integer, .low = low, .high = high};
}
Shape object(std::string_view name, std::vector<Shape> fields) {
    return {.name = name, .type = Shape::Type::object, .fields = std::move(fields)};
}
Shape listOf(std::string_view name, Shape item) {
    return {.name = name, .type = Shape::Type::listOf, .fields = {std::move(item)}};
}
Shape mapOf(std::string_view name, Shape value) {
    return {.name = name, .type = Shape::Type::mapOf, .fields = {std::move(value)}};
}
Shape required(Shape shape) {
    shape.required = true;
    return shape;
}

void check(const Field& field, const Shape& shape);

void checkObject(const Field& field, const Shape& shape) {
    if (!field.isMap()) {
        return;
    }
    for (const auto& part : shape.fields) {
        check(field.at(part.name), part);
    }
    std::vector<std::string_view> known;
    std::ranges::transform(shape.fields, std::back_inserter(known), &Shape::name);
    field.warnUnknown(known);
}

void checkText(const Field& field, const Shape& shape) {
    const auto value = field.text();
    if (!value || shape.words.empty() ||
        std::ranges::find(shape.words, *value) != shape.words.end()) {
        return;
    }
    std::string all;
    for (const auto allowed : shape.words) {
        all += (all.empty() ? "" : ", ") + std::string(allowed);
    }
    field.error("must be one of " + all);
}

void check(const Field& field, const Shape& shape) {
    if (!field.present()) {
        if (shape.required) {
            field.error("is missing");
        }
        return;
    }
    switch (shape.type) {
    case Shape::Type::boolean: static_cast<void>(field.boolean()); return;
    case Shape::Type::integer: static_cast<void>(field.integer(shape.low, shape.high)); return;
    case Shape::Type::text: checkText(field, shape); return;
    case Shape::Type::object: checkObject(field, shape); return;
    case Shape::Type::listOf:
        for (const auto& item : field.items()) {
            if (!item.present()) {
                item.error("is missing");
            }
            check(item, shape.fields.front());
        }
        return;
    case Shape::Type::mapOf:
        for (const auto& [key, value] : field.members()) {
            check(value, shape.fields.front());
        }
        return;
    }
}

/// The types, then one sentence for all that stands below this field.
void checkUnused(const Field& spec, const std::vector<Shape>& shapes) {
    for (const auto& shape : shapes) {
        const Field field = spec.at(shape.name);
        check(field, shape);
        if (field.present()) {
            field.notActedOn();
        }
    }
}

Shape networkLimits(std::string_view name) {
    return object(name, {integer("rxBps"), integer("txBps")});
}

Shape rdt(std::string_view name) {
    return object(name, {mapOf("l3", text("")), mapOf("mb", text(""))});
}

const std::vector<Shape>& nodeShapes() {
    const auto percent = [] { return integer("percent"); };
    static const std::vector<Shape> shapes{
        object("elasticCpuLimit",
               {object("elasticNodeCpuLimit", {percent()}),
                listOf("elasticCoreCpuLimit", object("", {text("coreNum"), percent()})),
                listOf("elasticCoreCpuLimitPeriod",
                       object("", {text("offlineCpuLimit"), text("coreNum"), percent()})),
                object("elasticCpuAvoidance", {boolean("enable")})}),
        object("memLimit", {boolean("pageCacheLimitGlobal"), integer("pageCacheLimitRetryTimes")}),
        object("memoryCompression", {boolean("enable")}),
        object("netLimits", {required(integer("rxBpsMin")), required(integer("rxBpsMax")),
                             required(integer("txBpsMin")), required(integer("txBpsMax"))}),
    };
    return shapes;
}

Shape cpuQos() {
    return object("cpuQOS", {integer("cpuPriority", 0, 7), mapOf("containerPriority", integer("")),
                             object("cpuBurst", {text("burstQuota")}),
                             object("htIsolation", {boolean("enable")}),
                             object("cpuSet", {word("cpuSet", {"none", "exclusive", "share"})}),
                             rdt("rdt"), mapOf("containerRdt", rdt(""))});
}

Shape memoryQos() {
    return object(
        "memoryQOS",
        {integer("memPriority", 0, 7),
         object("memAsyncReclaim", {integer("asyncRatio"), integer("asyncDistanceFactor")}),
         object("memWatermark", {integer("watermarkRatio")}),
         object("memPageCacheLimit",
                {integer("pageCacheMaxRatio"), integer("pageCacheReclaimRatio")}),
         object("memoryCompression",
                {boolean("enable"), integer("compressionLevel", 0, 4),
                 word("preference", {"Tiny", "Normal", "FileOnly", "AnonOnly"}),
                 word("oversold", {"Transparent", "None", "Allow"})})});
}

Shape netIoQos() {
    return object("netIOQOS",
                  {integer("netIOPriority"), mapOf("containersPriority", integer("")),
                   networkLimits("netIOLimits"), mapOf("devNetIOLimits", networkLimits("")),
                   object("whitelistPorts", {text("lports"), text("rports")})});
}

Shape diskIoQos() {
    return object("diskIOQOS", {object("diskIOWeight", {integer("weight")}),
                                object("diskIOLimit", {integer("readIOps"), integer("writeIOps"),
                                                       integer("readBps"), integer("writeBps")})});
}

const std::vector<Shape>& podShapes() {
    static const std::vector<Shape> shapes{
        object("resourceQOS", {cpuQos(), memoryQos(), netIoQos(), diskIoQos()}),
    };
    return shapes;
}

} // namespace

void checkNodeSettings(const Field& spec) {
    checkUnused(spec, nodeShapes());
}

void checkPodSettings(const Field& spec) {
    checkUnused(spec, podShapes());
}

} // namespace plimsoll::kube
