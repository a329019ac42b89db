#pragma once
#include <string>
#include <string_view>
#include <vector>

// Regular expressions (PCRE2) on texts that a program printed: bounded in time, and harmless on any bytes.
namespace delegate {

enum class Case { matters, ignored };

/// The groups of the first match; 0 is the whole match. Empty: none. A pattern that cannot be compiled or evaluated
/// matches nothing. Compiled once, because a CLI may print thousands of errors.
std::vector<std::string> first_match(std::string_view pattern, Case letters, std::string_view text);

/// Of a text longer than `most` its beginning and its end.
std::string inspected_part(std::string_view text, std::size_t most);

/// For patterns from the configuration, case-sensitive.
bool matches(const std::string& pattern, std::string_view text);

/// The first group of `pattern` in `text`, case-sensitive; empty if it does not match.
std::string captured(const std::string& pattern, std::string_view text);

}  // namespace delegate
