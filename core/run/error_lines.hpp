#pragma once
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

/// It begins as an error does: "Error: …", "TypeError: …", "fatal: …".
bool is_error_line(std::string_view line);

/// The line that says why: the last of its own that begins as an error does, else the last of its own. Empty: none.
std::string last_error_line(std::string_view text);

/// The last lines of `text`, for people who look into a failure later, without what a CLI echoes of its prompt. Records
/// (lines of JSON) are kept only if they speak of an error: the others hold parts of the answer, of which what was read
/// is not kept either.
std::string lines_to_keep(std::string_view text, std::string_view prompt, std::string_view answer = {});

}  // namespace delegate
