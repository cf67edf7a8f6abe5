// SPDX-License-Identifier: Apache-2.0
// The pods and containers that are there right now, each with its directory kept open.
#pragma once

#include "cgroup/directory.hpp"
#include "cgroup/layout.hpp"
#include "daemon/model/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::cgroup {

/// A pod's or container's directory.
template <class Identity>
struct Node {
    std::shared_ptr<const Identity> identity;
    Directory directory;      ///< not open if it could not be opened: see openError
    int openError = 0;        ///< EMFILE, EACCES, …; tried again when its parent is listed
    std::uint64_t listed = 0; ///< inode in the parent's listing
    /// Set by whoever reads ENODEV from a file in it. The next refresh() looks for itself.
    bool gone = false;
    bool seen = false; ///< of the listing in progress
};
using ContainerNode = Node<ContainerCgroup>;

struct PodNode : Node<PodCgroup> {
    std::vector<std::unique_ptr<ContainerNode>> containers; ///< ordered by path
};

/// Follows the tree below kubepods. It looks at the levels where kubelet and the runtime make
/// groups and never into a container: what runs there may have groups of any name.
class Tree {
public:
    explicit Tree(const Layout& layout);

    /// Notices new and vanished groups; true if there were any. In a steady tick one fstat() for
    /// each directory above the containers, no allocation. As a safety net each directory is
    /// listed anew every kRelistEvery calls, a few of them in each call.
    bool refresh();

    /// Ordered by path. The nodes stay where they are until refresh() returns true.
    [[nodiscard]] std::span<PodNode* const> pods() const { return pods_; }

    /// How many directories could not be opened, and errno of one of them.
    struct Unopened {
        std::size_t count = 0;
        int error = 0;
    };
    [[nodiscard]] Unopened unopened() const { return unopened_; }

    static constexpr std::uint64_t kRelistEvery = 64;

private:
    /// kubepods itself or a QoS class below it.
    struct Group {
        Directory directory;
        std::uint64_t listed = 0;
        std::string path;
        QosClass qosClass = QosClass::guaranteed;
        bool relist = true;
        bool gone = false;
        bool seen = false;
        std::vector<std::unique_ptr<PodNode>> pods;  ///< ordered by path
        std::vector<std::unique_ptr<Group>> classes; ///< of kubepods only
    };

    bool openRoot();
    bool rootWasReplaced() const;
    void refreshGroup(Group& group, bool isRoot);
    void listGroup(Group& group, bool isRoot);
    void listPod(PodNode& pod);
    void addClass(Group& root, std::string_view name, std::uint64_t inode, QosClass qosClass);
    template <class NodeType>
    void recognise(NodeType& node, int parent);
    template <class NodeType, class Identity>
    void add(std::vector<std::unique_ptr<NodeType>>& nodes, int parent, Identity identity,
             std::string_view name, std::uint64_t inode);
    template <class NodeType>
    void dropUnseen(std::vector<std::unique_ptr<NodeType>>& nodes, std::size_t known);
    bool due() { return turn_++ % kRelistEvery == round_ % kRelistEvery; }
    void rebuildIndex();

    std::string rootPath_; ///< absolute
    Group root_;
    std::vector<PodNode*> pods_;
    std::vector<std::byte> buffer_;
    std::uint64_t round_ = 0;
    std::uint64_t turn_ = 0; ///< directories visited in this round
    bool changed_ = false;
    Unopened unopened_;
};

} // namespace plimsoll::cgroup
