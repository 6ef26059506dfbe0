#include "proa/node/bootstrap.hpp"

#include "proa/driver/hard_state.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa {

Result<bool> has_existing_state(Stores stores) {
  PROA_TRY(stores.stable.open());
  PROA_TRY(const HardState hard_state, driver::load_hard_state(stores.stable));
  PROA_TRY(const LogSummary log, stores.logs.open());
  PROA_TRY(stores.snapshots.open());
  PROA_TRY(const std::vector<SnapshotMeta> snapshots, stores.snapshots.list());
  return Term{1} < hard_state.term || hard_state.vote.has_value() || !driver::is_untouched(log) ||
         hard_state.repair_floor.has_value() || !snapshots.empty();
}

Result<void> bootstrap_cluster(const Config& config, Stores stores,
                               const Configuration& configuration) {
  PROA_TRY(validate(config));
  PROA_TRY(validate(configuration));
  PROA_TRY(const bool exists, has_existing_state(stores));
  if (exists) {
    return fail(Error{.code = Errc::cannot_bootstrap,
                      .outcome = Outcome::not_executed,
                      .detail = "bootstrap only works on new clusters, and there is state here "
                                "already; start the node without bootstrapping it"});
  }
  PROA_TRY(driver::check_server_id(stores.stable, config.local_id));
  PROA_TRY(driver::save(stores.stable, HardState{.term = {1}}));
  const NewEntry entry{.index = {1},
                       .term = {1},
                       .kind = EntryKind::configuration,
                       .data = wire::encode_configuration(configuration)};
  return stores.logs.write({.entries = EntryView{wire::encode_block(std::span{&entry, 1})}});
}

}  // namespace proa
