#include "proa/driver/errors.hpp"

#include <utility>

namespace proa::driver {

Error shutdown_error(Outcome outcome) {
  const char* detail = outcome == Outcome::not_executed
                           ? "this server has stopped; ask another one"
                           : "this server stopped before it knew the outcome; ask another one "
                             "whether it was executed";
  return {.code = Errc::shutdown, .outcome = outcome, .detail = detail};
}

Error busy_error(std::string what) {
  return {.code = Errc::busy, .outcome = Outcome::not_executed, .detail = std::move(what)};
}

Error leadership_lost_error(const core::View& view) {
  return {.code = Errc::leadership_lost,
          .outcome = Outcome::unknown,
          .leader = leader_of(view),
          .detail =
              "this server lost its leadership before the entry was committed; the new "
              "leader decides whether it is"};
}

std::optional<Server> leader_of(const core::View& view) {
  if (!view.leader) return std::nullopt;
  const Server* known = view.latest_configuration.configuration.find(view.leader->id);
  const Suffrage suffrage = known == nullptr ? Suffrage::voter : known->suffrage;
  return Server{.suffrage = suffrage, .id = view.leader->id, .address = view.leader->address};
}

}  // namespace proa::driver
