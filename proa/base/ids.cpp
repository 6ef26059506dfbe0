#include "proa/base/ids.hpp"

namespace proa {

std::string to_string(Term term) { return std::to_string(term.value); }

std::string to_string(LogIndex index) { return std::to_string(index.value); }

std::string to_string(const LogPosition& position) {
  return to_string(position.term) + "/" + to_string(position.index);
}

std::string to_string(Suffrage suffrage) {
  switch (suffrage) {
    case Suffrage::voter:
      return "Voter";
    case Suffrage::nonvoter:
      return "Nonvoter";
    case Suffrage::staging:
      return "Staging";
  }
  return "ServerSuffrage";  // an unknown number is kept as it is, and printed as the model does
}

std::string to_string(const Server& server) {
  return "{" + to_string(server.suffrage) + " " + server.id.value + " " + server.address.value +
         "}";
}

}  // namespace proa
