// SPDX-License-Identifier: Apache-2.0
#include "kube/yaml_tree.hpp"

#include "kube/yaml_scalar.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <utility>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace plimsoll::kube {
namespace {

/// Leaves the parser from within a callback; caught in parseYaml.
struct Stop : std::exception {
    YamlProblem problem;
    Stop(int line, std::string reason) : problem{line, std::move(reason)} {}
};

int lineOf(const YAML::Mark& mark) {
    return mark.is_null() ? 0 : mark.line + 1;
}

std::size_t countNodes(const YamlNode& node) {
    std::size_t count = 1;
    for (const auto& item : node.items) {
        count += countNodes(item);
    }
    for (const auto& member : node.members) {
        count += 1 + countNodes(member.value);
    }
    return count;
}

std::size_t depthOf(const YamlNode& node) {
    std::size_t depth = 0;
    for (const auto& item : node.items) {
        depth = std::max(depth, depthOf(item));
    }
    for (const auto& member : node.members) {
        depth = std::max(depth, depthOf(member.value));
    }
    return depth + 1;
}

/// Puts `<<: *defaults` in place: its keys count where the map has none of its own.
void mergeInto(YamlNode& map, const YamlNode& source) {
    if (source.kind == YamlNode::Kind::list) {
        for (const auto& item : source.items) {
            mergeInto(map, item);
        }
        return;
    }
    if (source.kind != YamlNode::Kind::map) {
        throw Stop(source.line, "'<<' must name a map to merge, or a list of maps");
    }
    for (const auto& member : source.members) {
        if (map.find(member.key) == nullptr) {
            map.members.push_back(member);
        }
    }
}

class TreeBuilder : public YAML::EventHandler {
public:
    std::vector<YamlNode> documents;

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++seen_ > kMaxDocuments) {
            throw Stop(lineOf(mark),
                       "more than " + std::to_string(kMaxDocuments) + " documents in one file");
        }
        open_.clear();
        anchors_.clear();
    }
    void OnDocumentEnd() override { open_.clear(); }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        place(makeNode(mark, YamlNode::Kind::null), anchor, {});
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end()) {
            throw Stop(lineOf(mark), "an alias stands inside what it is an alias of");
        }
        count(lineOf(mark), countNodes(known->second));
        if (open_.size() + depthOf(known->second) > kMaxDepth) {
            tooDeep(lineOf(mark));
        }
        YamlNode copy = known->second;
        copy.line = lineOf(mark);
        place(std::move(copy), 0, {});
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        YamlNode node = makeNode(mark, YamlNode::Kind::text);
        node.text = value;
        // "?" is the parser's mark for an unquoted word without a tag.
        const bool plain = tag == "?" || tag.empty();
        if (plain || tag == "tag:yaml.org,2002:int" || tag == "tag:yaml.org,2002:float" ||
            tag == "tag:yaml.org,2002:bool" || tag == "tag:yaml.org,2002:null") {
            resolvePlainScalar(node);
        }
        place(std::move(node), anchor, plain ? value : std::string());
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value /*style*/) override {
        enter(mark, YamlNode::Kind::list, anchor);
    }
    void OnSequenceEnd() override { leave(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value /*style*/) override {
        enter(mark, YamlNode::Kind::map, anchor);
    }
    void OnMapEnd() override { leave(); }

private:
    struct Open {
        YamlNode node;
        YAML::anchor_t anchor = 0;
        YamlMember member;            ///< the key that was read last
        bool hasKey = false;          ///< and waits for its value
        bool merges = false;          ///< that key is an unquoted '<<'
        std::vector<YamlNode> merged; ///< its values; the map's own keys come first
    };

    [[noreturn]] static void tooDeep(int line) {
        throw Stop(line, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }

    void count(int line, std::size_t more) {
        nodes_ += more;
        if (nodes_ > kMaxNodes) {
            throw Stop(line, "more than " + std::to_string(kMaxNodes) + " values in one file");
        }
    }

    YamlNode makeNode(const YAML::Mark& mark, YamlNode::Kind kind) {
        lastLine_ = mark.is_null() ? lastLine_ : lineOf(mark);
        count(lastLine_, 1);
        YamlNode node;
        node.kind = kind;
        node.line = lastLine_;
        return node;
    }

    void enter(const YAML::Mark& mark, YamlNode::Kind kind, YAML::anchor_t anchor) {
        if (open_.size() >= kMaxDepth) {
            tooDeep(lineOf(mark));
        }
        open_.push_back({.node = makeNode(mark, kind), .anchor = anchor});
    }

    void leave() {
        Open done = std::move(open_.back());
        open_.pop_back();
        for (const auto& source : done.merged) {
            mergeInto(done.node, source);
        }
        place(std::move(done.node), done.anchor, {});
    }

    void place(YamlNode node, YAML::anchor_t anchor, const std::string& plainText) {
        if (anchor != 0) {
            anchors_[anchor] = node;
            count(node.line, countNodes(node));
        }
        if (open_.empty()) {
            if (node.kind != YamlNode::Kind::null) {
                documents.push_back(std::move(node));
            }
            return;
        }
        Open& parent = open_.back();
        if (parent.node.kind == YamlNode::Kind::list) {
            parent.node.items.push_back(std::move(node));
        } else if (!parent.hasKey) {
            startMember(parent, node, plainText);
        } else {
            finishMember(parent, std::move(node));
        }
    }

    static void startMember(Open& parent, const YamlNode& key, const std::string& plainText) {
        if (key.kind == YamlNode::Kind::list || key.kind == YamlNode::Kind::map) {
            throw Stop(key.line, "a key must be a word, not " + std::string(describe(key.kind)));
        }
        const bool null = key.kind == YamlNode::Kind::null;
        parent.hasKey = true;
        parent.member = YamlMember{null ? "null" : key.text, key.line, {}};
        parent.merges = plainText == "<<";
    }

    static void finishMember(Open& parent, YamlNode value) {
        YamlMember member = std::move(parent.member);
        parent.hasKey = false;
        if (parent.merges) {
            parent.merged.push_back(std::move(value));
            return;
        }
        if (parent.node.members.size() >= kMaxKeys) {
            throw Stop(member.line, "more than " + std::to_string(kMaxKeys) + " keys in one map");
        }
        member.value = std::move(value);
        const bool again = parent.node.find(member.key) != nullptr;
        (again ? parent.node.repeated : parent.node.members).push_back(std::move(member));
    }

    std::vector<Open> open_;
    std::map<YAML::anchor_t, YamlNode> anchors_;
    std::size_t seen_ = 0;
    std::size_t nodes_ = 0;
    int lastLine_ = 1;
};

} // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
    const auto found = std::ranges::find(members, key, &YamlMember::key);
    return found == members.end() ? nullptr : &found->value;
}

std::string_view describe(YamlNode::Kind kind) {
    switch (kind) {
    case YamlNode::Kind::null: return "nothing";
    case YamlNode::Kind::boolean: return "a boolean";
    case YamlNode::Kind::integer: return "a whole number";
    case YamlNode::Kind::number: return "a number";
    case YamlNode::Kind::text: return "a string";
    case YamlNode::Kind::list: return "a list";
    case YamlNode::Kind::map: return "a map";
    }
    return "nothing";
}

YamlText parseYaml(std::string_view text) {
    YamlText result;
    TreeBuilder builder;
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Stop& stop) {
        result.problem = stop.problem;
    } catch (const YAML::Exception& exception) {
        result.problem = YamlProblem{lineOf(exception.mark), "not valid YAML: " + exception.msg};
    } catch (const std::exception& exception) {
        result.problem = YamlProblem{0, std::string("cannot be read as YAML: ") + exception.what()};
    }
    result.documents = std::move(builder.documents);
    return result;
}

} // namespace plimsoll::kube
