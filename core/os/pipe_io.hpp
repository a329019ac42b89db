#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "core/base/deadline.hpp"
#include "core/base/result.hpp"
#include "core/os/cancel.hpp"

// Pipes between our own processes: a program that serves several must not block on one.
namespace delegate {

/// True: there is something to read, or the end. False: not by the deadline.
bool wait_for_input(int fd, Deadline deadline);
/// The same without a deadline; false: cancelled.
bool wait_for_input(int fd, const CancelToken& cancel);
/// Waits until one of several can be read, or the deadline; negative descriptors are ignored.
void wait_for_any_input(std::span<const int> fds, Deadline deadline);
inline bool has_input(int fd) { return wait_for_input(fd, Deadline::in(milliseconds(0))); }

enum class ReadState { some, nothing, end };
/// Appends what can be read at once, at most one piece. Blocks on a blocking descriptor without input.
ReadState read_some(int fd, std::string& text);

/// Waits until a byte can be written, or until no byte can be written any more.
void wait_for_room(int fd);
/// Writes as much as fits into a non-blocking descriptor; how many bytes that was. Code::closed: there is no reader.
Result<std::size_t> write_some(int fd, std::string_view bytes);
/// Writes all of it if that is possible without waiting; else nothing.
void write_if_room(int fd, std::string_view bytes);

}  // namespace delegate
