// SPDX-License-Identifier: Apache-2.0
// plimsoll-conformance: runs the cluster side of plimsolld against a real API server, as a node.
#include "tests/conformance/run.hpp"

#include <CLI/CLI.hpp>
#include <iostream>

int main(int argc, char** argv) {
    using namespace plimsoll::conformance;
    CLI::App app{"Runs the cluster side of plimsolld against an API server, as a throwaway node."};
    Options options;
    long patience = options.patience.count();
    app.add_option("--kubeconfig", options.kubeconfig, "of system:node:NAME")->required();
    app.add_option("--admin-kubeconfig", options.adminKubeconfig,
                   "for what a node may not do: definitions, roles, pods, policies");
    app.add_option("--node", options.node, "its name; left out: as the credentials say");
    app.add_option("--namespace", options.space, "for the pods");
    app.add_option("--manifests", options.manifests, "folder of crds.yaml and rbac.yaml")
        ->required();
    app.add_option("--examples", options.examples, "folder of example policies")->required();
    app.add_option("--patience", patience, "seconds for what the server does in its own time");
    app.add_flag("--i-know", options.isNodeKnown,
                 "also on a Node that was there before or has pods");
    CLI11_PARSE(app, argc, argv);
    options.patience = std::chrono::seconds(patience);
    Report report(std::cout);
    try {
        return run(options, report);
    } catch (const std::exception& wrong) {
        std::cerr << wrong.what() << "\n";
        return 2;
    }
}
