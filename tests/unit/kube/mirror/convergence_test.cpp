// SPDX-License-Identifier: Apache-2.0
// Whatever happens between a server and a reflector, in the end both know the same.
#include "driver.hpp"

#include <charconv>
#include <map>
#include <random>

namespace plimsoll::kube::test {
namespace {

/// An API server of one kind, with a history that it forgets.
class Server {
public:
    explicit Server(unsigned seed) : random_(seed), streams_(below(2) == 0) {}

    std::map<std::string, unsigned> objects; ///< by name: the version

    unsigned below(unsigned limit) {
        return std::uniform_int_distribution<unsigned>(0, limit - 1)(random_);
    }

    void change() {
        const std::string name = "o" + std::to_string(below(12));
        const bool known = objects.contains(name);
        ++version_;
        if (known && below(3) == 0) {
            objects.erase(name);
            history_.emplace(version_, event("DELETED", name, version_));
        } else {
            objects[name] = version_;
            history_.emplace(version_, event(known ? "MODIFIED" : "ADDED", name, version_));
        }
    }
    void forget() { forgotten_ = version_; }
    /// As from a backup: what was last is not any more, and the versions go back.
    void restore() {
        version_ = version_ > 5 ? version_ - 5 : 0;
        std::erase_if(objects, [this](const auto& object) { return object.second > version_; });
        std::erase_if(history_, [this](const auto& past) { return past.first > version_; });
        forgotten_ = version_;
    }

    /// Answers a request up to where it is at the moment. True: it is a watch that goes on.
    bool answer(Driver& driver, const std::string& path, bool breaksOff) {
        const unsigned from = numberIn(path, "resourceVersion=");
        const bool streams = path.find("sendInitialEvents") != std::string::npos;
        const bool watches = path.find("watch=1") != std::string::npos;
        if (streams && !streams_) {
            driver.refuse(422);
        } else if (watches && !streams) {
            answerWatch(driver, from);
            return true;
        } else if (from > version_) {
            tooLarge(driver);
        } else if (streams) {
            answerStream(driver);
            return true;
        } else {
            answerList(driver, path, breaksOff);
        }
        return false;
    }

private:
    static std::string object(const std::string& name, unsigned version) {
        return R"({"metadata":{"name":")" + name + R"(","resourceVersion":")" +
               std::to_string(version) + R"("},"spec":{"v":)" + std::to_string(version) + "}}";
    }
    static std::string event(const std::string& type, const std::string& name, unsigned version) {
        return R"({"type":")" + type + R"(","object":)" + object(name, version) + "}\n";
    }
    static unsigned numberIn(const std::string& path, const std::string& key) {
        const std::size_t at = path.find(key);
        unsigned number = 0;
        if (at != std::string::npos) {
            std::from_chars(path.data() + at + key.size(), path.data() + path.size(), number);
        }
        return number;
    }
    static void tooLarge(Driver& driver) {
        driver.refuse(504, R"({"kind":"Status","code":504,"reason":"Timeout","details":)"
                           R"({"causes":[{"reason":"ResourceVersionTooLarge"}]}})");
    }

    void answerStream(Driver& driver) {
        for (const auto& [name, version] : objects) {
            driver.send(event("ADDED", name, version));
        }
        driver.send(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":")" +
                    std::to_string(version_) +
                    R"(","annotations":{"k8s.io/initial-events-end":"true"}}}})"
                    "\n");
    }
    /// Of a version that is still to come it says nothing.
    void answerWatch(Driver& driver, unsigned from) {
        if (from < forgotten_) {
            driver.send(
                R"({"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}})"
                "\n");
            return;
        }
        for (auto past = history_.upper_bound(from); past != history_.end(); ++past) {
            driver.send(past->second);
        }
    }
    void answerList(Driver& driver, const std::string& path, bool breaksOff) {
        const bool paged = path.find("limit=") != std::string::npos;
        const unsigned begin = numberIn(path, "continue=");
        std::string items;
        unsigned at = 0;
        bool more = false;
        for (const auto& [name, version] : objects) {
            if (at >= begin && !(paged && at >= begin + 5)) {
                items += (items.empty() ? "" : ",") + object(name, version);
            }
            more = more || (paged && at >= begin + 5);
            ++at;
        }
        driver.send(R"({"kind":"NodeQOSList","items":[)" + items);
        if (breaksOff) {
            driver.lose();
            return;
        }
        // Pages of this server show what is there now; it changes nothing between two of them.
        driver.send(
            R"(],"apiVersion":"ensurance.crane.io/v1alpha1","metadata":{"resourceVersion":")" +
            std::to_string(version_) + R"(","continue":")" +
            (more ? std::to_string(begin + 5) : "") + R"("}})");
        driver.end();
    }

    std::mt19937 random_;
    unsigned version_ = 100;
    unsigned forgotten_ = 0;
    std::map<unsigned, std::string> history_;
    bool streams_;
};

/// Something that is no answer, if the dice want it. True: it was.
bool mishap(Server& server, Driver& driver) {
    switch (server.below(14)) {
    case 0: driver.lose(); return true;
    case 1: driver.refuse(429, "Too many requests", "text/plain"); return true;
    case 2: driver.refuse(500); return true;
    case 3: driver.refuse(403, R"({"kind":"Status","code":403,"reason":"Forbidden"})"); return true;
    case 4: driver.refuse(410, R"({"kind":"Status","code":410,"reason":"Expired"})"); return true;
    case 5: driver.refuse(401); return true;
    case 6: driver.end(); return true; // an empty 200
    default: return false;
    }
}

std::map<std::string, unsigned> versionsIn(const Driver& driver) {
    std::map<std::string, unsigned> result;
    for (const auto& [name, object] : driver.store.of(Kind::nodeQos)) {
        result[name] = static_cast<unsigned>(std::stoul(object.resourceVersion));
    }
    return result;
}

void live(Server& server, Driver& driver) {
    for (int step = 0; step < 60; ++step) {
        const std::string path = driver.ask();
        for (unsigned i = server.below(4); i > 0; --i) {
            server.change();
        }
        if (server.below(10) == 0) {
            server.forget();
        }
        if (server.below(40) == 0) {
            server.restore();
        }
        if (!mishap(server, driver) && server.answer(driver, path, server.below(8) == 0)) {
            driver.now += std::chrono::seconds(server.below(600));
            server.below(2) == 0 ? driver.end() : driver.lose();
        }
    }
}

/// Nothing happens any more; a watch that began in the future is silent until the next list.
void settle(Server& server, Driver& driver) {
    const MonotonicTime end = driver.now + std::chrono::hours(3);
    while (driver.now < end) {
        const std::string path = driver.ask();
        if (server.answer(driver, path, false)) {
            driver.now += std::chrono::minutes(6);
            driver.end();
        }
    }
}

class Convergence : public testing::TestWithParam<unsigned> {};

TEST_P(Convergence, in_the_end_the_mirror_has_what_the_server_has) {
    Server server(GetParam());
    Driver driver(Kind::nodeQos, 1 + server.below(3000));
    driver.store.of(Kind::nodeQos)["from-disk"] = {.resourceVersion = "1", .json = "{}"};
    live(server, driver);
    settle(server, driver);
    EXPECT_EQ(versionsIn(driver), server.objects);
    EXPECT_TRUE(driver.state().listed);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Convergence, testing::Range(0U, 150U));

} // namespace
} // namespace plimsoll::kube::test
