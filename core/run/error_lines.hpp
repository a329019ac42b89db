#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Which lines of a CLI's output say why it failed. Pure; accepts any bytes.
namespace delegate {

/// The lines of its own, in their order: without the log lines of its tool servers and helpers, stack frames, the
/// trailers of npm and Node, paths of logs, and hints. JSON that is printed over several lines is joined to one.
std::vector<std::string> own_lines(std::string_view text);

/// A line of a stack trace, which begins with blanks.
bool is_stack_frame(std::string_view line);

/// It is about another program that the CLI started, or about an errand of its own: a hook, an update, telemetry. The
/// call to the service goes on without these.
bool is_about_errands(std::string_view line);

/// It begins as an error does: "Error: …", "TypeError: …", "fatal: …".
bool is_error_line(std::string_view line);

/// The errors that a program's own log reports on lines with a time, without time, level and module: "2026-… ERROR
/// codex_core::client: …". `modules`: beginnings of the names of its own modules; a line without a module is its own.
std::string logged_errors(std::string_view text, std::span<const std::string_view> modules);

/// The line that says why: the last of its own that begins as an error does and is not about an errand, else the last
/// of its own. Records of content say nothing. Empty: none.
std::string last_error_line(std::string_view text);

/// A record (a line of JSON, perhaps an event's data) that is no error by its type or its fields: it may hold parts of
/// the answer, or what a tool has read.
bool is_record_of_content(std::string_view line);

/// The last lines of `text` without records of content, for people who look into a failure later.
std::string last_lines(std::string_view text);

}  // namespace delegate
