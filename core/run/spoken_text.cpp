#include "core/run/spoken_text.hpp"

#include <algorithm>
#include <array>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";

struct ThoughtTags {
  std::string_view begin;
  std::string_view end;
  bool is_element = false;  // of XML, as answers have them: it counts only for models that are known to think
};
constexpr std::string_view kThinkEnd = "</think>";
// The marks are defined by chat templates: see the model card of each.
constexpr std::array kThoughtTags{ThoughtTags{"<think>", kThinkEnd},  // DeepSeek-R1, Qwen3, GLM and many others
                                  ThoughtTags{"<seed:think>", "</seed:think>"},               // Seed-OSS
                                  ThoughtTags{"[THINK]", "[/THINK]"},                         // Magistral
                                  ThoughtTags{"<|START_THINKING|>", "<|END_THINKING|>"},      // Command A Reasoning
                                  ThoughtTags{"<|begin_of_thought|>", "<|end_of_thought|>"},  // Sky-T1
                                  ThoughtTags{"◁think▷", "◁/think▷"},                         // Kimi-VL
                                  ThoughtTags{"<thinking>", "</thinking>", true},
                                  ThoughtTags{"<thought>", "</thought>", true},
                                  ThoughtTags{"<reasoning>", "</reasoning>", true},
                                  ThoughtTags{"<reason>", "</reason>", true}};

// Models whose opening tag is part of the prompt begin their thoughts like this. An answer may, too; then it is not
// shown before it is complete, no more.
constexpr std::array<std::string_view, 21> kThoughtfulWords{
    "Okay",    "Ok, ",    "Alright",  "Hmm",    "The user", "User ",     "Let me ",
    "Let's ",  "We need", "We have",  "We are", "I need",   "I should ", "First, I",
    "So, the", "So the ", "Thinking", "Wait",   "analysis", "好",        "嗯"};
/// The channels of a server that drops the marks around their names.
constexpr ThoughtTags kBareChannels{"analysis", "assistantfinal"};

constexpr std::string_view kStart = "<|start|>";
constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kMessage = "<|message|>";
/// How a response begins whose first mark the server dropped as a special token.
struct Headless {
  std::string_view begin;
  std::string_view dropped;
};
constexpr std::array kHeadless{Headless{"analysis<|message|>", kChannel}, Headless{"commentary<|message|>", kChannel},
                               Headless{"final<|message|>", kChannel}, Headless{"assistant<|channel|>", kStart}};
constexpr std::array<std::string_view, 5> kChannelMarks{kStart, kChannel, "<|end|>", "<|return|>", "<|call|>"};

std::string_view without_spaces_before(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kSpaces);
  return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

/// More text may make a `mark` of it.
bool may_become(std::string_view text, std::string_view mark) {
  return text.size() < mark.size() && mark.starts_with(text);
}

std::size_t occurrences(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != std::string_view::npos; at += part.size()) ++found;
  return found;
}

bool is_odd(std::string_view text, std::string_view part) { return occurrences(text, part) % 2 == 1; }

std::string_view last_line(std::string_view text) { return text.substr(text.rfind('\n') + 1); }

/// Code is open behind `before`: a fence, a line that is indented like a block, or a span.
bool is_in_code(std::string_view before) {
  const std::string_view line = last_line(before);
  return is_odd(before, "```") || is_odd(before, "~~~") || line.starts_with("    ") || line.starts_with('\t') ||
         is_odd(line, "`");
}

/// The mark behind `before` is not quoted: it begins a line outside of code, or stands close behind a word.
bool is_bare(std::string_view before) {
  const std::string_view line = last_line(before);
  if (is_in_code(before)) return false;
  return trim(line).empty() || std::string_view(" \t\r\"'`([{<>=*_").find(line.back()) == std::string_view::npos;
}

/// A text that quotes tags so often is about them.
constexpr int kMostQuoted = 32;

/// Behind the closing tag that ends thoughts without an opening one; 0: there is none. Counts the others.
std::size_t end_of_untagged(std::string_view text, std::size_t from, int& quoted) {
  if (text.starts_with(kBareChannels.begin))
    if (const std::size_t at = text.find(kBareChannels.end, from); at != std::string_view::npos)
      return at + kBareChannels.end.size();
  for (std::size_t at = from; (at = text.find(kThinkEnd, at)) != std::string_view::npos; at += kThinkEnd.size()) {
    if (++quoted > kMostQuoted) return 0;
    const std::string_view before = text.substr(0, at);
    const bool is_opened = before.find("<think>") != std::string_view::npos ||
                           before.find("<think ") != std::string_view::npos;  // with attributes
    if (!is_opened && is_bare(before)) return at + kThinkEnd.size();
  }
  return 0;
}

/// From here on a closing tag may still be found once more text has come.
std::size_t searched_to(std::string_view text) {
  constexpr std::size_t kLongestTag = 24;
  return text.size() < kLongestTag ? 0 : text.size() - kLongestTag;
}

}  // namespace

bool SpokenText::add(std::string& answer, std::string_view piece) {
  if (piece.empty()) return true;
  is_begun_ = true;
  is_taken_back_ = false;
  waiting_ += piece;
  for (bool goes_on = true; goes_on;) {
    switch (place_) {
      case Place::opening: goes_on = open(); break;
      case Place::thinking: goes_on = skip_thought(); break;
      case Place::held: goes_on = hold(); break;
      case Place::channels: goes_on = follow_channels(answer); break;
      case Place::answer: goes_on = say_rest(answer); break;
    }
  }
  return !is_taken_back_;
}

void SpokenText::finish(std::string& answer, TextEnd end) {
  // The only closing tag of a thought may stand in code that was never closed.
  if (const std::size_t at = waiting_.find(end_of_thought_); place_ == Place::thinking && at != std::string::npos)
    begin_again(at + end_of_thought_.size());
  const bool is_cut_thought = place_ == Place::held && is_thinker_ && end == TextEnd::cut;
  if (place_ == Place::opening || place_ == Place::held) place_ = is_cut_thought ? Place::thinking : Place::answer;
  const bool is_answer = place_ == Place::answer || (place_ == Place::channels && !in_header_ && is_final_);
  if (is_answer) answer += has_thought_ ? without_spaces_before(waiting_) : std::string_view(waiting_);
  if (trim(answer).empty() && end == TextEnd::whole) answer += element_;
  waiting_.clear();
}

bool SpokenText::open() {
  const std::string_view text = without_spaces_before(waiting_);
  if (text.empty()) return false;
  const auto is_open = [&](std::string_view mark) { return may_become(text, mark); };
  const auto begins_text = [&](std::string_view words) { return text.starts_with(words); };
  for (const Headless& one : kHeadless)
    if (begins_text(one.begin)) return waiting_ = std::string(one.dropped).append(text), true;
  if (begins_text(kStart) || begins_text(kChannel)) return place_ = Place::channels, true;
  if (begin_thought(text)) return true;
  const auto is_tag_open = [&](const ThoughtTags& tags) { return is_open(tags.begin) || is_open(tags.end); };
  const auto is_headless = [&](const Headless& one) { return is_open(one.begin); };
  if (is_open(kStart) || is_open(kChannel) || std::any_of(kHeadless.begin(), kHeadless.end(), is_headless) ||
      std::any_of(kThoughtTags.begin(), kThoughtTags.end(), is_tag_open))
    return false;
  const bool is_thoughtful = is_thinker_ || std::any_of(kThoughtfulWords.begin(), kThoughtfulWords.end(), begins_text);
  if (!has_thought_ && !is_thoughtful && std::any_of(kThoughtfulWords.begin(), kThoughtfulWords.end(), is_open))
    return false;
  place_ = has_thought_ || !is_thoughtful ? Place::answer : Place::held;
  if (has_thought_) waiting_ = std::string(text);
  return true;
}

/// `text` is what waits, without the spaces before it.
bool SpokenText::begin_thought(std::string_view text) {
  for (const ThoughtTags& tags : kThoughtTags) {
    if (tags.is_element && !is_thinker_) continue;
    if (!is_closed_ && text.starts_with(tags.end)) {
      is_closed_ = true;
      begin_again(waiting_.size() - text.size() + tags.end.size());
      return true;
    }
    if (!text.starts_with(tags.begin)) continue;
    end_of_thought_ = tags.end;
    element_ = tags.is_element ? tags.begin : std::string_view();
    place_ = Place::thinking;
    waiting_ = std::string(text.substr(tags.begin.size()));
    return true;
  }
  return false;
}

/// A thought has ended; the answer or another thought follows.
void SpokenText::begin_again(std::size_t behind) {
  if (!element_.empty()) element_ += waiting_.substr(0, behind);
  waiting_.erase(0, behind);
  has_thought_ = true;
  searched_ = 0;
  place_ = Place::opening;
}

/// A tag that the thought quotes does not end it.
bool SpokenText::skip_thought() {
  const std::string_view text = waiting_;
  for (std::size_t at = searched_; (at = text.find(end_of_thought_, at)) != std::string_view::npos; ++at)
    if (!is_in_code(text.substr(0, at))) return begin_again(at + end_of_thought_.size()), true;
  searched_ = searched_to(text);
  return false;
}

bool SpokenText::hold() {
  const std::size_t behind = end_of_untagged(waiting_, searched_, quoted_);
  searched_ = searched_to(waiting_);
  if (behind == 0) return false;
  is_closed_ = true;
  begin_again(behind);
  return true;
}

/// A server that separates thoughts may have taken their end for the beginning of the answer.
bool SpokenText::say_rest(std::string& answer) {
  answer += waiting_;
  waiting_.clear();
  if (!is_separated_ || is_closed_) return false;
  const std::size_t behind = end_of_untagged(answer, searched_, quoted_);
  searched_ = searched_to(answer);
  if (behind == 0) return false;
  waiting_ = answer.substr(behind);
  answer.clear();
  is_closed_ = is_taken_back_ = true;
  begin_again(0);
  return true;
}

/// "<|start|>assistant<|channel|>final<|message|>": the name of a channel. Text without a header is the answer.
bool SpokenText::read_header() {
  const std::string_view text = without_spaces_before(waiting_);
  if (text.empty() || may_become(text, "<|")) return false;
  const std::size_t end = text.find(kMessage);
  if (end == std::string_view::npos && text.starts_with("<|")) return false;
  const std::string_view header = text.starts_with("<|") ? text.substr(0, end) : std::string_view();
  const std::size_t name = header.rfind(kChannel);
  const bool is_named = name != std::string_view::npos;
  is_final_ = !is_named || trim(header.substr(name + kChannel.size())).starts_with("final");
  is_shown_ = is_shown_ || is_final_;
  has_thought_ = has_thought_ || !is_final_;
  waiting_ = std::string(header.empty() ? text : text.substr(end + kMessage.size()));
  in_header_ = false;
  return true;
}

bool SpokenText::follow_channels(std::string& answer) {
  if (in_header_) return read_header();
  const std::size_t mark = waiting_.find("<|");
  const std::string_view rest = std::string_view(waiting_).substr(std::min(mark, waiting_.size()));
  const auto is_open = [&](std::string_view one) { return may_become(rest, one); };
  const auto begins_rest = [&](std::string_view one) { return rest.starts_with(one); };
  const auto found = std::find_if(kChannelMarks.begin(), kChannelMarks.end(), begins_rest);
  const bool may_end = !rest.empty() && std::any_of(kChannelMarks.begin(), kChannelMarks.end(), is_open);
  // A single "<" at the end may become a mark, too.
  std::size_t said = std::min(mark, waiting_.size());
  if (rest.empty() && waiting_.ends_with('<')) --said;
  const bool is_literal = !rest.empty() && found == kChannelMarks.end() && !may_end;
  if (is_literal) said += 2;
  if (is_final_) answer += std::string_view(waiting_).substr(0, said);
  waiting_.erase(0, said);
  if (found == kChannelMarks.end()) return is_literal;
  if (*found != kChannel && *found != kStart) waiting_.erase(0, found->size());
  in_header_ = true;
  return true;
}

}  // namespace delegate
