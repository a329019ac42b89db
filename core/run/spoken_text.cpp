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

std::string_view last_line(std::string_view text) { return text.substr(text.rfind('\n') + 1); }

bool is_in_code(std::string_view before) {
  CodeMarks marks;
  marks.read(before);
  return marks.is_open();
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

void CodeMarks::read(std::string_view text) {
  constexpr int kFence = 3;
  constexpr std::size_t kIndent = 4;
  for (const char c : text) {
    if (c == '\n') {
      is_block_ = is_span_ = false;
      ticks_ = tildes_ = 0;
      column_ = blanks_ = 0;
      continue;
    }
    if (c == ' ' && column_ == blanks_) ++blanks_;
    is_block_ = is_block_ || blanks_ == kIndent || (c == '\t' && column_ == 0);
    ++column_;
    ticks_ = c == '`' ? ticks_ + 1 : 0;
    tildes_ = c == '~' ? tildes_ + 1 : 0;
    if (c == '`') is_span_ = !is_span_;
    if (ticks_ == kFence) is_fenced_ = !is_fenced_, ticks_ = 0;
    if (tildes_ == kFence) is_tilde_fenced_ = !is_tilde_fenced_, tildes_ = 0;
  }
}

bool SpokenText::add(std::string& answer, std::string_view piece) {
  if (piece.empty()) return true;
  is_begun_ = true;
  is_taken_back_ = false;
  waiting_.append(piece);
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
  if (const std::size_t at = waiting_.text().find(end_of_thought_);
      place_ == Place::thinking && at != std::string_view::npos)
    begin_again(at + end_of_thought_.size());
  const bool is_cut_thought = place_ == Place::held && is_thinker_ && end == TextEnd::cut;
  if (place_ == Place::opening || place_ == Place::held) place_ = is_cut_thought ? Place::thinking : Place::answer;
  const bool is_answer = place_ == Place::answer || (place_ == Place::channels && !in_header_ && is_final_);
  if (is_answer) answer += has_thought_ ? without_spaces_before(waiting_.text()) : waiting_.text();
  if (trim(answer).empty() && end == TextEnd::whole) answer += element_;
  waiting_.assign({});
}

void SpokenText::go_to(Place place) {
  place_ = place;
  searched_ = 0;
}

bool SpokenText::open() {
  const std::size_t begin = waiting_.text().find_first_not_of(kSpaces, searched_);
  searched_ = std::min(begin, waiting_.text().size());
  if (begin == std::string_view::npos) return false;
  const std::string_view text = waiting_.text().substr(begin);
  const auto is_open = [&](std::string_view mark) { return may_become(text, mark); };
  const auto begins_text = [&](std::string_view words) { return text.starts_with(words); };
  for (const Headless& one : kHeadless)
    if (begins_text(one.begin)) return searched_ = 0, waiting_.assign(std::string(one.dropped).append(text)), true;
  if (begins_text(kStart) || begins_text(kChannel)) return go_to(Place::channels), true;
  if (begin_thought(text)) return true;
  const auto is_tag_open = [&](const ThoughtTags& tags) { return is_open(tags.begin) || is_open(tags.end); };
  const auto is_headless = [&](const Headless& one) { return is_open(one.begin); };
  if (is_open(kStart) || is_open(kChannel) || std::any_of(kHeadless.begin(), kHeadless.end(), is_headless) ||
      std::any_of(kThoughtTags.begin(), kThoughtTags.end(), is_tag_open))
    return false;
  const bool is_thoughtful = is_thinker_ || std::any_of(kThoughtfulWords.begin(), kThoughtfulWords.end(), begins_text);
  if (!has_thought_ && !is_thoughtful && std::any_of(kThoughtfulWords.begin(), kThoughtfulWords.end(), is_open))
    return false;
  go_to(has_thought_ || !is_thoughtful ? Place::answer : Place::held);
  if (has_thought_) waiting_.drop(begin);
  return true;
}

/// `text` is what waits, without the spaces before it.
bool SpokenText::begin_thought(std::string_view text) {
  const std::size_t spaces = waiting_.text().size() - text.size();
  for (const ThoughtTags& tags : kThoughtTags) {
    if (tags.is_element && !is_thinker_) continue;
    if (!is_closed_ && text.starts_with(tags.end)) {
      is_closed_ = true;
      begin_again(spaces + tags.end.size());
      return true;
    }
    if (!text.starts_with(tags.begin)) continue;
    end_of_thought_ = tags.end;
    element_ = tags.is_element ? tags.begin : std::string_view();
    code_ = {};
    read_ = 0;
    go_to(Place::thinking);
    waiting_.drop(spaces + tags.begin.size());
    return true;
  }
  return false;
}

/// A thought has ended; the answer or another thought follows.
void SpokenText::begin_again(std::size_t behind) {
  if (!element_.empty()) element_ += waiting_.text().substr(0, behind);
  waiting_.drop(behind);
  has_thought_ = true;
  go_to(Place::opening);
}

/// A tag that the thought quotes does not end it.
bool SpokenText::skip_thought() {
  const std::string_view text = waiting_.text();
  for (std::size_t at; (at = text.find(end_of_thought_, searched_)) != std::string_view::npos; searched_ = at + 1) {
    code_.read(text.substr(read_, at - read_));
    read_ = at;
    if (!code_.is_open()) return begin_again(at + end_of_thought_.size()), true;
  }
  searched_ = std::max(searched_, searched_to(text));
  return false;
}

bool SpokenText::hold() {
  const std::size_t behind = end_of_untagged(waiting_.text(), searched_, quoted_);
  searched_ = searched_to(waiting_.text());
  if (behind == 0) return false;
  is_closed_ = true;
  begin_again(behind);
  return true;
}

/// A server that separates thoughts may have taken their end for the beginning of the answer.
bool SpokenText::say_rest(std::string& answer) {
  answer += waiting_.text();
  waiting_.assign({});
  if (!is_separated_ || is_closed_ || is_certain_) return false;
  const std::size_t behind = end_of_untagged(answer, searched_, quoted_);
  searched_ = searched_to(answer);
  if (behind == 0) return false;
  waiting_.assign(answer.substr(behind));
  answer.clear();
  is_closed_ = is_taken_back_ = true;
  begin_again(0);
  return true;
}

/// "<|start|>assistant<|channel|>final<|message|>": the name of a channel. Text without a header is the answer.
bool SpokenText::read_header() {
  waiting_.drop(waiting_.text().size() - without_spaces_before(waiting_.text()).size());
  const std::string_view text = waiting_.text();
  if (text.empty() || may_become(text, "<|")) return false;
  const std::size_t end = text.find(kMessage, searched_);
  searched_ = searched_to(text);
  if (end == std::string_view::npos && text.starts_with("<|")) return false;
  const std::string_view header = text.starts_with("<|") ? text.substr(0, end) : std::string_view();
  const std::size_t name = header.rfind(kChannel);
  const bool is_named = name != std::string_view::npos;
  is_final_ = !is_named || trim(header.substr(name + kChannel.size())).starts_with("final");
  is_shown_ = is_shown_ || is_final_;
  has_thought_ = has_thought_ || !is_final_;
  if (!header.empty()) waiting_.drop(end + kMessage.size());
  in_header_ = false;
  return true;
}

bool SpokenText::follow_channels(std::string& answer) {
  if (in_header_) return read_header();
  const std::string_view text = waiting_.text();
  const std::size_t mark = text.find("<|");
  const std::string_view rest = text.substr(std::min(mark, text.size()));
  const auto is_open = [&](std::string_view one) { return may_become(rest, one); };
  const auto begins_rest = [&](std::string_view one) { return rest.starts_with(one); };
  const auto found = std::find_if(kChannelMarks.begin(), kChannelMarks.end(), begins_rest);
  const bool may_end = !rest.empty() && std::any_of(kChannelMarks.begin(), kChannelMarks.end(), is_open);
  // A single "<" at the end may become a mark, too.
  std::size_t said = std::min(mark, text.size());
  if (rest.empty() && text.ends_with('<')) --said;
  const bool is_literal = !rest.empty() && found == kChannelMarks.end() && !may_end;
  if (is_literal) said += 2;
  if (is_final_) answer += text.substr(0, said);
  waiting_.drop(said);
  if (found == kChannelMarks.end()) return is_literal;
  if (*found != kChannel && *found != kStart) waiting_.drop(found->size());
  in_header_ = true;
  searched_ = 0;
  return true;
}

}  // namespace delegate
