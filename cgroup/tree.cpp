// SPDX-License-Identifier: Apache-2.0
#include "cgroup/tree.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

namespace plimsoll::cgroup {
namespace {

// A pod's directory has some 60 files of 32 to 48 bytes each; a class directory its pods as well.
// A longer listing takes several calls.
constexpr std::size_t kListingBuffer = std::size_t{32} * 1024;

std::string_view nameOf(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

template <class NodeType>
std::string_view nameOf(const std::unique_ptr<NodeType>& node) {
    return nameOf(std::string_view(node->identity->cgroup.path.value));
}

/// The group that is known under this name, if it is still the same one. Only the first `known`
/// nodes are in order; behind them are those that this listing found.
template <class NodeType>
NodeType* findKnown(std::vector<std::unique_ptr<NodeType>>& nodes, std::size_t known,
                    std::string_view name, std::uint64_t inode) {
    const auto end = nodes.begin() + static_cast<std::ptrdiff_t>(known);
    const auto at =
        std::lower_bound(nodes.begin(), end, name, [](const auto& node, std::string_view wanted) {
            return nameOf(node) < wanted;
        });
    if (at == end || nameOf(*at) != name || (*at)->listed != inode) {
        return nullptr;
    }
    return at->get();
}

} // namespace

Tree::Tree(const Layout& layout)
    : rootPath_(layout.absolute(layout.kubepods)), buffer_(kListingBuffer) {
    root_.path = layout.kubepods.value;
}

bool Tree::refresh() {
    changed_ = false;
    turn_ = 0;
    ++round_;
    // An open descriptor shows a removed kubepods as empty, and says nothing of a new one.
    if (root_.gone || (root_.directory.isOpen() && due() && rootWasReplaced())) {
        root_ = Group{.path = std::move(root_.path)};
        changed_ = true;
    }
    if (root_.directory.isOpen() || openRoot()) {
        refreshGroup(root_, true);
    }
    if (changed_) {
        rebuildIndex();
    }
    return changed_;
}

bool Tree::openRoot() {
    auto opened = Directory::open(AT_FDCWD, rootPath_.c_str());
    if (!opened) {
        return false;
    }
    root_.directory = std::move(*opened);
    return true;
}

bool Tree::rootWasReplaced() const {
    struct stat info{};
    return ::stat(rootPath_.c_str(), &info) != 0 || info.st_ino != root_.directory.inode();
}

void Tree::refreshGroup(Group& group, bool isRoot) {
    const auto isGone = [](const auto& node) { return node->gone; };
    if (due() || group.relist || group.directory.changed() ||
        std::ranges::any_of(group.pods, isGone) || std::ranges::any_of(group.classes, isGone)) {
        listGroup(group, isRoot);
    }
    for (const auto& below : group.classes) {
        refreshGroup(*below, false);
    }
    for (const auto& pod : group.pods) {
        if (!pod->directory.isOpen()) {
            continue;
        }
        if (due() || pod->directory.changed() || std::ranges::any_of(pod->containers, isGone)) {
            listPod(*pod);
        }
    }
}

void Tree::listGroup(Group& group, bool isRoot) {
    const std::size_t known = group.pods.size();
    const auto markUnseen = [](auto& node) { node->seen = false; };
    std::ranges::for_each(group.pods, markUnseen);
    std::ranges::for_each(group.classes, markUnseen);
    const bool alive =
        group.directory.list(buffer_, [&](std::string_view name, std::uint64_t inode) {
            if (PodNode* const pod = findKnown(group.pods, known, name, inode)) {
                recognise(*pod, group.directory.descriptor());
            } else if (auto found = parsePodDirectory(name, group.qosClass)) {
                PodCgroup identity{std::move(found->uid),
                                   found->qosClass,
                                   {CgroupPath(group.path + "/" + std::string(name)), inode}};
                add(group.pods, group.directory.descriptor(), std::move(identity), name, inode);
            } else if (const auto qosClass = parseClassDirectory(name); qosClass && isRoot) {
                addClass(group, name, inode, *qosClass);
            }
        });
    group.relist = false;
    group.gone = !alive;
    changed_ |= std::erase_if(group.classes, [](const auto& below) { return !below->seen; }) > 0;
    dropUnseen(group.pods, known);
}

void Tree::listPod(PodNode& pod) {
    const std::size_t known = pod.containers.size();
    for (const auto& container : pod.containers) {
        container->seen = false;
    }
    const std::string& podPath = pod.identity->cgroup.path.value;
    const bool alive = pod.directory.list(buffer_, [&](std::string_view name, std::uint64_t inode) {
        if (ContainerNode* const container = findKnown(pod.containers, known, name, inode)) {
            recognise(*container, pod.directory.descriptor());
        } else if (auto id = parseContainerDirectory(name)) {
            ContainerCgroup identity{std::move(*id),
                                     {CgroupPath(podPath + "/" + std::string(name)), inode}};
            add(pod.containers, pod.directory.descriptor(), std::move(identity), name, inode);
        }
    });
    pod.gone |= !alive;
    dropUnseen(pod.containers, known);
}

void Tree::addClass(Group& root, std::string_view name, std::uint64_t inode, QosClass qosClass) {
    for (const auto& below : root.classes) {
        if (below->listed == inode && nameOf(std::string_view(below->path)) == name) {
            below->seen = true;
            if (below->gone) { // it is in the listing: made again since
                below->relist = true;
                below->gone = false;
            }
            return;
        }
    }
    auto below = std::make_unique<Group>();
    below->path = root.path + "/" + std::string(name);
    auto opened = Directory::open(root.directory.descriptor(), std::string(name).c_str());
    if (!opened) {
        root.relist = opened.error() != ENOENT;
        return;
    }
    below->directory = std::move(*opened);
    below->listed = inode;
    below->qosClass = qosClass;
    below->seen = true;
    root.classes.push_back(std::move(below));
    changed_ = true;
}

template <class NodeType>
void Tree::recognise(NodeType& node, int parent) {
    node.seen = true;
    node.gone = false;
    if (!node.directory.isOpen()) {
        const std::string name(nameOf(std::string_view(node.identity->cgroup.path.value)));
        if (auto opened = Directory::open(parent, name.c_str())) {
            node.directory = std::move(*opened);
            node.openError = 0;
            changed_ = true;
        }
    }
}

template <class NodeType, class Identity>
void Tree::add(std::vector<std::unique_ptr<NodeType>>& nodes, int parent, Identity identity,
               std::string_view name, std::uint64_t inode) {
    auto node = std::make_unique<NodeType>();
    auto opened = Directory::open(parent, std::string(name).c_str());
    if (opened) {
        node->directory = std::move(*opened);
        identity.cgroup.inode = node->directory.inode();
    } else if (opened.error() == ENOENT) {
        return; // came and went
    } else {
        node->openError = opened.error();
    }
    node->identity = std::make_shared<const Identity>(std::move(identity));
    node->listed = inode;
    node->seen = true;
    nodes.push_back(std::move(node));
}

template <class NodeType>
void Tree::dropUnseen(std::vector<std::unique_ptr<NodeType>>& nodes, std::size_t known) {
    const bool added = nodes.size() > known;
    const bool removed = std::erase_if(nodes, [](const auto& node) { return !node->seen; }) > 0;
    if (added) {
        std::ranges::sort(nodes, {}, [](const auto& node) { return nameOf(node); });
    }
    changed_ |= added || removed;
}

void Tree::rebuildIndex() {
    pods_.clear();
    unopened_ = {};
    const auto count = [this](int error) {
        if (error != 0) {
            ++unopened_.count;
            unopened_.error = error;
        }
    };
    const auto take = [&](const Group& group) {
        for (const auto& pod : group.pods) {
            pods_.push_back(pod.get());
            count(pod->openError);
            for (const auto& container : pod->containers) {
                count(container->openError);
            }
        }
    };
    take(root_);
    for (const auto& below : root_.classes) {
        take(*below);
    }
    std::ranges::sort(pods_, {}, [](const PodNode* pod) -> const std::string& {
        return pod->identity->cgroup.path.value;
    });
}

} // namespace plimsoll::cgroup
