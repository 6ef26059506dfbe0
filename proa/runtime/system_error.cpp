#include "proa/runtime/detail/system_error.hpp"

#include <cerrno>
#include <system_error>

namespace proa::detail {

std::string system_reason(int error_number) {
  return std::generic_category().message(error_number);
}

std::string_view file_hint(int error_number) {
  switch (error_number) {
    case ENOSPC:
      return "; the file system is full: free space there, then start the server again";
    case EDQUOT:
      return "; the quota of this user is used up: raise it or free space";
    case EACCES:
    case EPERM:
      return "; the user that runs this process needs read and write permission for the path and "
             "every directory above it";
    case EROFS:
      return "; the file system is mounted read-only: mount it writable or choose another "
             "directory";
    case EMFILE:
    case ENFILE:
      return "; too many files are open: raise the limit (ulimit -n)";
    case EIO:
      return "; the device failed: check the kernel's log before trusting this disk again";
    default:
      return "";
  }
}

Failure file_failure(std::string_view operation, std::string_view path, int error_number) {
  std::string detail = "cannot ";
  detail.append(operation).append(" ").append(path).append(": ");
  detail.append(system_reason(error_number)).append(file_hint(error_number));
  return fail(Errc::io_error, std::move(detail));
}

}  // namespace proa::detail
