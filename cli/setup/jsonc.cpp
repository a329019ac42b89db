#include "cli/setup/jsonc.hpp"

#include <algorithm>

namespace delegate::cli::setup {
namespace {

constexpr int kDeepest = 100;  // the JSON parser that reads the text later is recursive, too
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class JsoncScanner {
 public:
  explicit JsoncScanner(std::string_view text) : text_(text), strict_(text) {}

  Result<JsoncText> scan() {
    if (text_.starts_with(kByteOrderMark)) blank_until(kByteOrderMark.size());
    TRY_STATUS(skip());
    if (at_ == text_.size()) return JsoncText{{}, std::move(strict_)};
    TRY(JsoncValue root, value(0));
    TRY_STATUS(skip());
    if (at_ != text_.size()) return wrong("unexpected text after the end");
    return JsoncText{std::move(root), std::move(strict_)};
  }

 private:
  bool is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool is(std::string_view word) const { return text_.substr(at_).starts_with(word); }

  tl::unexpected<Error> wrong(const std::string& what) const {
    return fail(Code::invalid_argument, place_in(text_, at_) + ": " + (at_ == text_.size() ? "unexpected end" : what));
  }

  void blank_until(std::size_t end) {
    for (; at_ < end; ++at_)
      if (text_[at_] != '\n' && text_[at_] != '\r') strict_[at_] = ' ';
    thing_end_ = at_;
  }

  /// Skips blanks and comments.
  Status skip() {
    for (;;) {
      while (is(' ') || is('\t') || is('\n') || is('\r')) ++at_;
      if (is("//")) {
        blank_until(std::min(text_.find_first_of("\r\n", at_), text_.size()));
      } else if (is("/*")) {
        const std::size_t end = text_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return wrong("unterminated comment");
        blank_until(end + 2);
      } else {
        return {};
      }
    }
  }

  Result<std::string> string() {
    const std::size_t begin = at_;
    if (!is('"')) return wrong("expected a name in quotes");
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\n') return wrong("unterminated string");
      if (text_[at_] == '\\') ++at_;
    }
    if (at_ >= text_.size()) {
      at_ = text_.size();
      return wrong({});
    }
    ++at_;
    return std::string(text_.substr(begin + 1, at_ - begin - 2));
  }

  Result<JsoncValue> value(int depth) {
    if (depth > kDeepest) return wrong("nested more than " + std::to_string(kDeepest) + " levels deep");
    if (is('{')) return container(JsoncValue::Kind::object, depth);
    if (is('[')) return container(JsoncValue::Kind::list, depth);
    JsoncValue scalar{.begin = at_};
    if (is('"')) {
      TRY_STATUS(string());
    } else {
      at_ = std::min(text_.find_first_of(" \t\r\n,]}/:\"{[", at_), text_.size());
    }
    if (at_ == scalar.begin) return wrong("expected a value");
    scalar.end = at_;
    return scalar;
  }

  Result<JsoncValue> container(JsoncValue::Kind kind, int depth) {
    const bool is_object = kind == JsoncValue::Kind::object;
    JsoncValue container{.kind = kind, .begin = at_++};
    std::optional<std::size_t> comma;
    for (bool is_first = true;; is_first = false) {
      thing_end_ = at_;
      TRY_STATUS(skip());
      if (is(is_object ? '}' : ']')) break;
      if (!is_first && !comma) return wrong("expected a comma");
      comma.reset();
      JsoncValue::Member member{.begin = at_};
      if (is_object) {
        TRY(member.key, string());
        TRY_STATUS(skip());
        if (!is(':')) return wrong("expected a colon");
        ++at_;
        TRY_STATUS(skip());
      }
      TRY(member.value, value(depth + 1));
      TRY_STATUS(skip());
      if (is(',')) comma = at_++;
      else at_ = member.value.end;  // a comment after the last value belongs to the tail
      member.comma = comma;
      if (is_object) container.members.push_back(std::move(member));
    }
    if (comma) strict_[*comma] = ' ';
    container.tail = thing_end_;
    container.end = ++at_;
    return container;
  }

  std::string_view text_;
  std::string strict_;
  std::size_t at_ = 0;
  std::size_t thing_end_ = 0;  // end of the last non-blank text, for the tail of a container
};

}  // namespace

const JsoncValue::Member* JsoncValue::member(std::string_view key) const {
  const auto found =
      std::find_if(members.rbegin(), members.rend(), [&](const Member& member) { return member.key == key; });
  return found == members.rend() ? nullptr : &*found;
}

Result<JsoncText> scan_jsonc(std::string_view text) { return JsoncScanner(text).scan(); }

std::string place_in(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return "line " + std::to_string(line) + ", column " + std::to_string(before.size() - line_begin + 1);
}

}  // namespace delegate::cli::setup
