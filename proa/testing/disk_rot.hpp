#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "proa/base/ids.hpp"
#include "proa/testing/sim_disk.hpp"

namespace proa::testing {

/// A part of a file.
struct DiskPlace {
  std::string path = {};
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

/// Of the segments of a log, what is at rest: all of the older ones, and of the newest what lies
/// before its last batch, of which rot reads as a torn tail (docs/storage.md).
std::vector<DiskPlace> log_at_rest(const SimDisk& disk, const std::string& directory);

/// Both copies in a stable file, as far as they are used.
std::vector<DiskPlace> stable_at_rest(const SimDisk& disk, const std::string& path);

/// The files of the snapshot that ends there.
std::vector<DiskPlace> snapshot_at_rest(const SimDisk& disk, const std::string& directory,
                                        const LogPosition& last);

/// Some bytes of the place become others: a bit, or what is in it of a sector. Nothing, if the
/// place is empty.
bool rot(SimDisk& disk, const DiskPlace& place, Choices& random);

/// A block of the second place takes the place of one of the first, as a write that went astray
/// leaves it; what it should have overwritten has been written since.
bool misdirect(SimDisk& disk, const DiskPlace& onto, const DiskPlace& from, Choices& random);

/// A sector of the place, or a block, reads as it did before its latest durable write, which is
/// lost although the disk has said that it is not. False: nothing in it has ever been written over.
bool go_stale(SimDisk& disk, const DiskPlace& place, Choices& random);

}  // namespace proa::testing
