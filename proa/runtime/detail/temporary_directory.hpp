#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "proa/base/assert.hpp"

namespace proa::detail {

/// For tests: a new directory that goes, with what is in it, when the object does.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "proa-XXXXXX").string();
    const char* made = ::mkdtemp(pattern.data());
    PROA_ASSERT(made != nullptr);
    path_ = pattern;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;  // a leftover in the temporary directory harms nobody
    std::filesystem::remove_all(path_, ignored);
  }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace proa::detail
