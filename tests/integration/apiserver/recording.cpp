// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/apiserver/recording.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace plimsoll::test {

using apiserver::Json;

namespace {

namespace fs = std::filesystem;

std::string contentTypeIn(const Json& headers) {
    constexpr std::string_view kName = "Content-Type: ";
    for (const std::string header : headers)
        if (header.starts_with(kName))
            return header.substr(kName.size());
    return {};
}

std::string textOf(const Json& response) {
    if (response.contains("body"))
        return response["body"];
    std::string text;
    for (const Json& chunk : response.value("chunks", Json::array()))
        text += chunk["text"].get<std::string>();
    return text;
}

Recording read(const fs::path& file) {
    std::ifstream stream(file);
    const Json json = Json::parse(stream);
    const Json& request = json["request"];
    const Json& response = json["response"];
    Recording recording{.name = file.parent_path().filename() / file.stem(),
                        .identity = json["identity"],
                        .method = request["method"],
                        .path = request["path"],
                        .contentType = contentTypeIn(request["headers"]),
                        .body = request["body"].is_string() ? request["body"] : Json(""),
                        .status = response["status"].is_number() ? response["status"] : Json(0),
                        .isStream = response.contains("chunks"),
                        .answer = nullptr,
                        .text = textOf(response)};
    recording.answer = Json::parse(recording.text, nullptr, false);
    return recording;
}

void replaceAll(std::string& text, const std::string& from, const std::string& to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// Of conditions what they say, not when or why.
Json conditionsIn(const Json& status) {
    Json conditions = Json::object();
    for (const Json& condition : status.value("conditions", Json::array()))
        conditions[condition.value("type", "")] = condition.value("status", "");
    return conditions;
}

void keep(Json& to, const Json& from, std::initializer_list<const char*> fields) {
    for (const char* field : fields)
        if (from.contains(field))
            to[field] = from[field];
}

Json essenceOfObject(const Json& object) {
    Json kept = Json::object();
    keep(kept, object,
         {"kind", "apiVersion", "involvedObject", "reason", "message", "count", "type"});
    const Json metadata = object.value("metadata", Json::object());
    keep(kept["metadata"], metadata,
         {"namespace", "labels", "annotations", "deletionGracePeriodSeconds"});
    if (!metadata.contains("generateName"))
        keep(kept["metadata"], metadata, {"name"});
    for (const char* present : {"uid", "resourceVersion", "creationTimestamp", "deletionTimestamp"})
        kept["metadata"][present] = metadata.contains(present);
    const Json spec = object.value("spec", Json::object());
    keep(kept["spec"], spec, {"taints", "unschedulable", "nodeName", "rules"});
    if (kept.value("kind", "") != "Node" && kept.value("kind", "") != "Pod")
        return kept;
    const Json status = object.value("status", Json::object());
    keep(kept["status"], status, {"capacity", "allocatable", "phase"});
    kept["status"]["conditions"] = conditionsIn(status);
    return kept;
}

Json essenceOfList(const Json& list) {
    Json kept = Json::object();
    keep(kept, list, {"kind", "apiVersion"});
    for (const char* field : {"continue", "remainingItemCount", "resourceVersion"})
        kept["metadata"][field] = list["metadata"].contains(field);
    kept["items"] = Json::array();
    for (const Json& item : list["items"])
        kept["items"].push_back(
            {{"name", item["metadata"]["name"]}, {"hasKind", item.contains("kind")}});
    return kept;
}

} // namespace

Json linesOf(const std::string& text) {
    Json lines = Json::array();
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        const Json event = Json::parse(line, nullptr, false);
        Json object = essence(event.value("object", Json()));
        if (event.value("type", "") == "ERROR")
            object.erase("message"); // it holds versions
        lines.push_back({{"type", event.value("type", "")}, {"object", object}});
    }
    return lines;
}

std::vector<Recording> recordingsOf(const std::string& family) {
    std::vector<fs::path> files;
    const fs::path folder = fs::path(PLIMSOLL_SOURCE_DIR) / "tests/data/apiserver" / family;
    std::ranges::copy(fs::directory_iterator(folder), std::back_inserter(files));
    std::ranges::sort(files);
    std::vector<Recording> recordings;
    std::ranges::transform(files, std::back_inserter(recordings), read);
    return recordings;
}

NodeClient::Answer Replay::send(const Recording& recording) {
    const auto answer = clientOf(recording.identity)
                            .send(recording.method, translated(recording.path),
                                  translated(recording.body), recording.contentType);
    learn(recording.answer, answer.body);
    return answer;
}

std::string Replay::translated(std::string text) const {
    for (const auto& [recorded, living] : living_)
        replaceAll(text, recorded, living);
    return text;
}

void Replay::learn(const Json& recorded, const Json& living) {
    if (!recorded.is_object() || !living.is_object() || !recorded.contains("metadata") ||
        !living.contains("metadata"))
        return;
    const Json none = Json::array();
    const Json& items = recorded.contains("items") ? recorded["items"] : none;
    for (std::size_t at = 0; at < items.size() && at < living.value("items", none).size(); ++at)
        learn(items[at], living["items"][at]);
    const Json& then = recorded["metadata"];
    const Json& now = living["metadata"];
    if (then.contains("name") && then["name"] != now["name"])
        return;
    if (then.contains("uid") && now.contains("uid"))
        living_[then["uid"]] = now["uid"];
    if (!then.value("continue", "").empty() && now.contains("continue"))
        living_[then["continue"]] = now["continue"];
    if (!then.contains("resourceVersion") || !now.contains("resourceVersion"))
        return;
    const std::string version = then["resourceVersion"];
    const std::string livingVersion = now["resourceVersion"];
    living_["\"resourceVersion\": \"" + version + "\""] =
        "\"resourceVersion\": \"" + livingVersion + "\"";
    living_["resourceVersion=" + version] = "resourceVersion=" + livingVersion;
}

NodeClient& Replay::clientOf(const std::string& identity) {
    auto& client = clients_[identity];
    if (client)
        return *client;
    std::string pem;
    for (const std::string node : {"node-a", "node-b"})
        if (identity.ends_with("CN=system:node:" + node))
            pem = server_->clientPem(node);
    using namespace std::chrono_literals;
    if (identity.contains("admin"))
        pem = writtenPem(*server_, "admin",
                         server_->authority().client("admin", "system:masters", 1h));
    client = std::make_unique<NodeClient>(*server_, pem);
    return *client;
}

Json essence(const Json& answer) {
    if (!answer.is_object())
        return nullptr;
    if (answer.value("kind", "") == "Status") {
        Json kept = answer;
        kept["metadata"].erase("continue");
        if (kept.value("reason", "") == "Timeout")
            kept.erase("message");                          // it holds a version
        const Json::json_pointer causes("/details/causes"); // some are said twice
        if (kept.contains(causes)) {
            auto& list = kept[causes].get_ref<Json::array_t&>();
            list.erase(std::unique(list.begin(), list.end()), list.end());
        }
        return kept;
    }
    return answer.contains("items") ? essenceOfList(answer) : essenceOfObject(answer);
}

} // namespace plimsoll::test
