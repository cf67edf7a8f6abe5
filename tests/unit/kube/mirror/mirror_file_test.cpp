// SPDX-License-Identifier: Apache-2.0
#include "kube/mirror/mirror_file.hpp"
#include "kube/mirror/mirror_saver.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>
#include <thread>

namespace plimsoll::kube {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const MirrorHeader kHeader{
    .nodeName = "node-a",
    .server = "https://10.0.0.1:6443",
    .savedAt = std::chrono::system_clock::time_point(std::chrono::seconds(1'795'321'120))};

ObjectStore someObjects() {
    ObjectStore store;
    store.of(Kind::pod)["default/web"] = {
        .resourceVersion = "7",
        .json =
            R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"web\nü\"","namespace":"default"}})"};
    store.of(Kind::nodeQos)["w0"] = {
        .resourceVersion = "8",
        .json =
            R"({"apiVersion":"ensurance.crane.io/v1alpha1","kind":"NodeQOS","spec":{"a":80.5}})"};
    store.of(Kind::node)["node-a"] = {.resourceVersion = "9", .json = R"({"kind":"Node"})"};
    return store;
}

class MirrorFile : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "mirror.XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder = pattern;
        path = (folder / "mirror").string();
    }
    void TearDown() override { fs::remove_all(folder); }

    std::string text() const {
        std::ifstream stream(path);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    void write(const std::string& text) const { std::ofstream(path, std::ios::trunc) << text; }
    std::string whyNot() const {
        const auto loaded = loadMirror(path, "node-a");
        return loaded ? "" : loaded.error().what;
    }

    fs::path folder;
    std::string path;
};

TEST_F(MirrorFile, what_was_saved_is_loaded) {
    const ObjectStore store = someObjects();
    ASSERT_TRUE(saveMirror(path, store, kHeader));
    const auto loaded = loadMirror(path, "node-a");
    ASSERT_TRUE(loaded) << loaded.error().what;
    EXPECT_EQ(loaded->header, kHeader);
    for (const Kind kind : kKinds) {
        EXPECT_EQ(loaded->store.of(kind), store.of(kind)) << name(kind);
    }
}

TEST_F(MirrorFile, an_empty_mirror_is_one_too) {
    ASSERT_TRUE(saveMirror(path, {}, kHeader));
    EXPECT_TRUE(loadMirror(path, "node-a"));
}

TEST_F(MirrorFile, none_is_not_found) {
    const auto loaded = loadMirror(path, "node-a");
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, ENOENT);
}

TEST_F(MirrorFile, is_for_root_alone_and_leaves_nothing_beside_it) {
    std::ofstream(path + ".new") << "of a run that was killed";
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
}

TEST_F(MirrorFile, of_a_node_that_is_not_known_yet_says_whose_it_is) {
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    const auto loaded = loadMirror(path, "");
    ASSERT_TRUE(loaded) << loaded.error().what;
    EXPECT_EQ(loaded->header.nodeName, "node-a");
}

TEST_F(MirrorFile, of_another_node_is_refused) {
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    const auto loaded = loadMirror(path, "node-b");
    ASSERT_FALSE(loaded);
    EXPECT_THAT(loaded.error().what, HasSubstr("belongs to the node 'node-a', not to 'node-b'"));
}

TEST_F(MirrorFile, any_byte_that_is_another_one_is_found) {
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    const std::string good = text();
    for (std::size_t at = good.find('\n') + 1; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = bad[at] == 'x' ? 'y' : 'x';
        write(bad);
        ASSERT_THAT(whyNot(), HasSubstr("is damaged")) << at;
    }
}

TEST_F(MirrorFile, any_part_of_it_is_refused) {
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    const std::string good = text();
    for (std::size_t size = 0; size < good.size(); ++size) {
        write(good.substr(0, size));
        ASSERT_FALSE(loadMirror(path, "node-a")) << size;
    }
    write(good + "\n");
    EXPECT_THAT(whyNot(), HasSubstr("is damaged"));
}

TEST_F(MirrorFile, of_another_version_or_kind_of_file_is_refused) {
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    std::string other = text();
    other.replace(other.find("\"version\":1"), 11, "\"version\":2");
    write(other);
    EXPECT_THAT(whyNot(), HasSubstr("is of another version"));
    write("[1]\n");
    EXPECT_THAT(whyNot(), HasSubstr("is no mirror"));
    write("{}\n");
    EXPECT_THAT(whyNot(), HasSubstr("is no mirror"));
    fs::remove(path);
    fs::create_directory(path);
    EXPECT_THAT(whyNot(), HasSubstr("is no file"));
}

TEST_F(MirrorFile, a_link_is_not_followed) {
    ASSERT_TRUE(saveMirror(path + ".other", someObjects(), kHeader));
    fs::create_symlink(path + ".other", path);
    EXPECT_FALSE(loadMirror(path, "node-a"));
}

TEST_F(MirrorFile, what_cannot_be_written_leaves_what_was_there) {
    ASSERT_TRUE(saveMirror(path, someObjects(), kHeader));
    const std::string good = text();
    fs::create_directories(path + ".new/full"); // in the way
    const auto saved = saveMirror(path, {}, kHeader);
    ASSERT_FALSE(saved);
    EXPECT_THAT(saved.error().what, HasSubstr(path));
    EXPECT_EQ(text(), good);
}

TEST_F(MirrorFile, the_saver_writes_the_last_of_many) {
    MirrorSaver saver(path, std::chrono::hours(1));
    for (int i = 0; i < 100; ++i) {
        ObjectStore store;
        store.of(Kind::node)["n" + std::to_string(i)] = {.json = "{}"};
        ASSERT_TRUE(saver.save(store, kHeader));
    }
    ASSERT_TRUE(saver.flush());
    const auto loaded = loadMirror(path, "node-a");
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->store.of(Kind::node).contains("n99"));
}

TEST_F(MirrorFile, the_saver_waits_between_two_writes) {
    MirrorSaver saver(path, std::chrono::hours(1));
    ASSERT_TRUE(saver.save({}, kHeader));
    while (!fs::exists(path)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ASSERT_TRUE(saver.save(someObjects(), kHeader));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(loadMirror(path, "node-a")->store.of(Kind::pod).empty());
    ASSERT_TRUE(saver.flush());
    EXPECT_FALSE(loadMirror(path, "node-a")->store.of(Kind::pod).empty());
}

TEST_F(MirrorFile, the_saver_tells_an_error_once) {
    MirrorSaver saver((folder / "missing" / "mirror").string());
    EXPECT_TRUE(saver.save({}, kHeader));
    const auto flushed = saver.flush();
    ASSERT_FALSE(flushed);
    EXPECT_THAT(flushed.error().what, HasSubstr("missing"));
    EXPECT_TRUE(saver.flush());
}

TEST_F(MirrorFile, a_saver_that_goes_does_not_wait) {
    const auto begin = std::chrono::steady_clock::now();
    {
        MirrorSaver saver(path, std::chrono::hours(1));
        ASSERT_TRUE(saver.save({}, kHeader));
        ASSERT_TRUE(saver.flush());
        ASSERT_TRUE(saver.save({}, kHeader));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes(1));
}

} // namespace
} // namespace plimsoll::kube
