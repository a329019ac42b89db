#pragma once
#include <string>
#include <utility>

#include <tl/expected.hpp>

// Failing with a value. A function that can fail returns Result<T>; the error names the thing that failed.
namespace delegate {

/// The kind of failure, for code that has to react; the text is for people.
enum class Code {
  invalid_argument,
  not_found,
  unavailable,
  busy,  // in use by others at the moment; the same step may succeed shortly
  resource_exhausted,
  deadline_exceeded,
  permission_denied,
  cancelled,
  closed,  // the reader of a pipe has closed it
  data_loss,
  internal,
};

/// One line `where: what: why`, lower case, no full stop. `hint` is what the person can do, or empty.
struct Error {
  Code code = Code::internal;
  std::string what;
  std::string hint;
};

template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

using Status = Result<void>;

inline tl::unexpected<Error> fail(Code code, std::string what, std::string hint = {}) {
  return tl::unexpected<Error>(Error{code, std::move(what), std::move(hint)});
}

/// Text of an errno value, thread-safe.
std::string errno_text(int error);
/// The kind of failure that an errno value is, for files, pipes and processes.
Code code_of_errno(int error);
/// `where: what: why` with the text of the errno value.
tl::unexpected<Error> fail_errno(const std::string& where_and_what, int error);

/// `TRY(auto x, f())` declares x from f()'s value, or returns f()'s error from the enclosing function.
#define TRY(decl, expr) TRY_IMPL_(decl, expr, TRY_CAT_(try_result_, __LINE__))
/// `TRY_STATUS(f())` returns f()'s error from the enclosing function, if there is one.
#define TRY_STATUS(expr) \
  if (auto try_status_ = (expr); !try_status_) return tl::unexpected(std::move(try_status_).error())
#define TRY_CAT_(a, b) TRY_CAT2_(a, b)
#define TRY_CAT2_(a, b) a##b
#define TRY_IMPL_(decl, expr, tmp)                         \
  auto tmp = (expr);                                       \
  if (!tmp) return tl::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)

}  // namespace delegate
