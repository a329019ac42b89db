#pragma once
#include <cstddef>
#include <functional>
#include <string>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/os/cancel.hpp"
#include "core/os/fd.hpp"
#include "core/os/file.hpp"

// What a person or a script gives this program to read: stdin and files, which may be pipes and may be slow.
namespace delegate {

enum class InputKind { nothing, terminal, stream, directory };

/// A pipe, file or socket is a stream: it has an end. /dev/null and other devices are nothing.
InputKind input_kind(int fd);

/// Does not wait for the writer of a named pipe. The error is the reason alone.
Result<Fd> open_input(const Path& path);

struct InputLimits {
  std::size_t bytes = 64u << 20;
  milliseconds slow{3'000};  // without a byte, after which `on_slow` is called, once
  std::function<void()> on_slow;
};

/// Reads to the end. Code::cancelled; Code::resource_exhausted: more bytes than allowed; Code::unavailable: it cannot
/// be read.
Result<std::string> read_input(int fd, const InputLimits& limits, const CancelToken& cancel);

}  // namespace delegate
