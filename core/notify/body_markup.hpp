#pragma once
#include <string>
#include <string_view>

// Makes text from any source fit for a notification.
namespace delegate::notify::desktop {

/// One line of at most 120 bytes (and "…"): plain text, which no server reads as markup.
std::string summary_text(std::string_view text);

/// At most 400 bytes (and "…"), lines kept, without control characters.
std::string body_text(std::string_view text);

/// The same, escaped: servers read it as markup.
std::string body_markup(std::string_view text);

}  // namespace delegate::notify::desktop
