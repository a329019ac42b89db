#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/config/schema.hpp"

// Checks of single values beyond type and range. No complaint: the value can be used.
namespace delegate::config {

Complaints check_unique(const std::vector<std::string>& texts);
Complaints check_command(const std::vector<std::string>& argv);
Complaints check_hook(const std::vector<std::string>& argv);  // as a command, or empty
Complaints check_model(const std::string& text);
Complaints check_variable(const std::string& text);  // name of an environment variable
Complaints check_variable_or_none(const std::string& text);
Complaints check_answer(const std::string& text);
Complaints check_store(const std::string& text);
Complaints check_path(const std::string& text);
Complaints check_pattern(const std::string& text);  // PCRE2
Complaints check_choice(const std::string& text, Choices choices);
Complaints check_http_url(const std::string& text);
Complaints check_ollama_host(const std::string& text);
Complaints check_backend_name(const std::string& text);
Complaints check_quiet_hours(const std::string& text);
Complaints check_share(const std::string& text);

/// "did you mean `cooldown`?" or nothing.
std::string suggestion(std::string_view typed, const std::vector<std::string>& candidates);
/// In quotes, without control characters, and shortened.
std::string in_quotes(std::string_view text);

}  // namespace delegate::config
