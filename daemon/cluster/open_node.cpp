// SPDX-License-Identifier: Apache-2.0
#include "daemon/cluster/open_node.hpp"

#include "kube/actions/node_condition.hpp"
#include "kube/actions/scheduling.hpp"

#include <memory>
#include <optional>

namespace plimsoll {
namespace {

class Opening {
public:
    Opening(EventLoop& loop, const kube::CredentialSettings& settings, const NodeNames& names)
        : loop_(loop), credentials_(loop.raw(), settings), connection_(loop.raw(), credentials_),
          identity_(names, credentials_, connection_) {}

    Result<void> run(std::chrono::seconds timeout) {
        auto watch = loop_.after(timeout, [this] {
            end(fail(ETIMEDOUT,
                     "the API server has not answered: " + connection_.health().problem));
        });
        if (!watch) {
            return std::unexpected(watch.error());
        }
        identity_.ask([this](const Result<std::string>& name) {
            if (name) {
                open(*name);
            } else {
                end(std::unexpected(name.error()));
            }
        });
        loop_.run();
        return result_;
    }

private:
    void open(const std::string& name) {
        scheduling_ = std::make_unique<kube::Scheduling>(connection_, name, std::nullopt);
        scheduling_->open([this, name](const Result<void>& opened) {
            // EEXIST: somebody else has closed it.
            const bool isDone = opened || opened.error().code == EEXIST;
            call_ = kube::removeCondition(connection_, name,
                                          [this, isDone, opened](const Result<void>& removed) {
                                              end(isDone ? removed : opened);
                                          });
        });
    }

    void end(Result<void> result) {
        result_ = std::move(result);
        loop_.exit(0);
    }

    EventLoop& loop_;
    kube::Credentials credentials_;
    kube::Connection connection_;
    NodeIdentity identity_;
    std::unique_ptr<kube::Scheduling> scheduling_;
    kube::http::Call call_;
    Result<void> result_;
};

} // namespace

Result<void> openNode(EventLoop& loop, const kube::CredentialSettings& credentials,
                      const NodeNames& names, std::chrono::seconds timeout) {
    return Opening(loop, credentials, names).run(timeout);
}

} // namespace plimsoll
