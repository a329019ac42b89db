#include "core/base/result.hpp"

#include <cerrno>
#include <system_error>

namespace delegate {

std::string errno_text(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

Code code_of_errno(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR: return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return Code::permission_denied;
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT: return Code::resource_exhausted;
    case E2BIG:
    case EISDIR:
    case EINVAL:
    case ENAMETOOLONG: return Code::invalid_argument;
    case EPIPE: return Code::closed;
    default: return Code::unavailable;
  }
}

tl::unexpected<Error> fail_errno(const std::string& where_and_what, int error) {
  return fail(code_of_errno(error), where_and_what + ": " + errno_text(error));
}

}  // namespace delegate
