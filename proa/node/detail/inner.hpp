#pragma once

#include "proa/driver/driver.hpp"
#include "proa/node/detail/publisher.hpp"
#include "proa/node/raft.hpp"

namespace proa {

/// What the methods of Raft share with the loop. Threads: any, but for what `driver` points to.
struct Raft::Inner {
  std::shared_ptr<Runtime> runtime = {};
  std::shared_ptr<Transport> transport = {};
  std::shared_ptr<driver::Inbox> inbox = {};
  std::shared_ptr<Publisher> publisher = {};
  std::shared_ptr<driver::Driver> driver = {};
  Config config = {};
  Guarded<ReloadableConfig> reloadable = {};

  void wake_if(driver::Inbox::Pushed pushed) const;
  Future<LogIndex> change(core::ChangeRequested change) const;
};

}  // namespace proa
