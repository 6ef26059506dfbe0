#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "proa/runtime/asio_runtime.hpp"
#include "proa/transport/call_client.hpp"
#include "server/admin/messages.hpp"
#include "server/call_kinds.hpp"

namespace proa::cli {

/// Asks servers on behalf of a person. Blocking. Threads: one.
class AdminClient {
 public:
  /// @param endpoints  peers' addresses, tried in this order
  static Result<std::unique_ptr<AdminClient>> create(std::vector<std::string> endpoints);
  ~AdminClient();
  AdminClient(const AdminClient&) = delete;
  AdminClient& operator=(const AdminClient&) = delete;

  /// The first endpoint that answers. Errors: peer_unreachable, with every one that was tried.
  Result<server::ServerStatus> any_status();
  Result<server::ServerStatus> status_at(const ServerAddress& address);
  /// All at once; each in its place.
  std::vector<Result<server::ServerStatus>> statuses(const std::vector<ServerAddress>& addresses);

  /// Who leads, as soon as somebody knows. Errors: not_leader, if nobody does for long.
  Result<Server> wait_for_leader();
  void wait(Duration time);  ///< between two questions
  /// Puts a call to whoever leads: an endpoint answers, or says who does. Errors: not_leader, if
  /// nobody leads for as long as is worth waiting; those of the call.
  Result<SharedBytes> call_leader(server::CallKind kind, const SharedBytes& body);

 private:
  AdminClient(std::shared_ptr<AsioRuntime> runtime, std::shared_ptr<StreamLayer> streams,
              std::vector<std::string> endpoints)
      : runtime_(std::move(runtime)),
        streams_(std::move(streams)),
        endpoints_(std::move(endpoints)) {}

  Result<SharedBytes> call(const ServerAddress& to, server::CallKind kind, const SharedBytes& body,
                           Duration limit);
  void begin(const ServerAddress& to, server::CallKind kind, const SharedBytes& body,
             Duration limit, CallClient::Done done);

  std::shared_ptr<AsioRuntime> runtime_;
  std::shared_ptr<StreamLayer> streams_;
  std::vector<std::string> endpoints_;
  std::map<ServerAddress, std::unique_ptr<CallClient>> clients_ = {};  ///< the loop
};

}  // namespace proa::cli
