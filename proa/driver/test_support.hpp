#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "proa/model/entry.hpp"
#include "proa/wire/entry_codec.hpp"

namespace proa::driver {

/// Commands with consecutive indexes, one for each term.
inline EntryView entries_at(std::uint64_t first, std::initializer_list<std::uint64_t> terms,
                            EntryKind kind = EntryKind::command) {
  std::vector<NewEntry> entries;
  for (const std::uint64_t term : terms) {
    const LogIndex index{first + entries.size()};
    const bool has_data = kind == EntryKind::command;
    entries.push_back(
        {.index = index,
         .term = {term},
         .kind = kind,
         .data = has_data ? SharedBytes::copy_of("c" + to_string(index)) : SharedBytes{}});
  }
  return EntryView{wire::encode_block(entries)};
}

}  // namespace proa::driver
