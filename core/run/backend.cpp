#include "core/run/backend.hpp"

#include <algorithm>

#include "core/base/pieces.hpp"
#include "core/base/text.hpp"

namespace delegate {

void ParsedOutput::add_to_draft(std::string_view piece) { append_piece(draft, cut, piece); }

void ParsedOutput::say(std::string_view piece) {
  std::string whole;
  append_piece(whole, cut, piece);
  const std::size_t before = text.size();
  if (!spoken.add(text, whole)) {
    begin_draft();  // what was taken for the answer was none: from here on it is only shown as a draft
    draft = text;
  } else if (drafts > 0) {
    draft += text.substr(before);
  }
  text_grows = drafts == 0;
}

void ParsedOutput::end_text() {
  std::string rest;
  append_end(rest, cut);
  if (!spoken.is_begun()) {
    text += rest;
    return;
  }
  spoken.add(text, rest);
  spoken.finish(text, truncation.empty() ? TextEnd::whole : TextEnd::cut);
  if (spoken.has_guessed())
    warnings.emplace_back("what stood before a lone </think> was taken for thoughts and left out of the answer");
}

/// Blanks at the end may be no part of the answer, and blanks alone are none.
void ParsedOutput::forget_streamed() {
  constexpr std::size_t kLong = 1u << 20;
  constexpr std::size_t kEnd = 64u << 10;
  if (!text_grows || text.size() < kLong) return;
  const std::size_t last_word = text.find_last_not_of(" \t\r\n");
  if (last_word == std::string::npos) return;
  const std::size_t end = std::min(last_word, text.size() - kEnd);
  forgotten += end;
  text.erase(0, end);
  spoken.make_certain();
}

bool ParsedOutput::has_words() const { return forgotten > 0 || !trim(text).empty(); }

const std::string& tier_setting(const BackendSettings& settings, Tier tier) {
  switch (tier) {
    case Tier::small: return settings.tier_small;
    case Tier::medium: return settings.tier_medium;
    case Tier::large: break;
  }
  return settings.tier_large;
}

bool Backend::choose(Task& task, Tier tier) const {
  const std::string& model = tier_setting(task.settings, tier);
  if (model.empty()) return false;
  task.model = model;
  return true;
}

}  // namespace delegate
