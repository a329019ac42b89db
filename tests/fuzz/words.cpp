#include <cctype>

#include "backends/error_meaning.hpp"
#include "backends/signatures.hpp"
#include "core/run/echoes.hpp"
#include "core/run/pattern.hpp"
#include "core/run/reset_time.hpp"
#include "tests/fuzz/property.hpp"

// The words of an error, wherever they come from; the first line is also a person's pattern.
using namespace delegate;

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text = fuzz::text_of(bytes, size);
  const auto row_for = [](std::string_view words) {
    const auto found = find(wordings_of(Vendor::other), words);
    return found ? found->signature : nullptr;
  };
  fuzz::hold(row_for(text) == row_for(upper(text)), "the case of letters makes no difference");
  const std::size_t half = text.size() / 2;
  Echoes echoes(text.substr(0, half));
  for (const auto kept : {Echoes::Kept::none, Echoes::Kept::quoted_error, Echoes::Kept::whole_line})
    static_cast<void>(echoes.masked(text.substr(half), kept));  // any text comes to an end
  for (const Vendor vendor : {Vendor::claude, Vendor::gemini, Vendor::server}) {
    const auto meaning = meaning_of(vendor, text);
    fuzz::hold(!meaning || !is_answer(meaning->outcome), "the words of an error are no answer");
  }
  static_cast<void>(meaning_of_lines(Vendor::codex, text));  // any output comes to an end
  const auto wait = stated_wait(text);
  fuzz::hold(!wait || (wait->count() >= 0 && *wait <= kFurthestReset), "a wait is in the future, and not for ever");
  constexpr milliseconds kNow{1'795'000'000'000};
  for (const char* zone : {"UTC", "America/New_York", "Asia/Kathmandu"}) {
    const auto reset = stated_reset(text, kNow, zone);
    fuzz::hold(!reset || (*reset > kNow && *reset <= kNow + kFurthestReset), "a limit's end is still to come");
  }
  static_cast<void>(stated_header(text));  // any value comes to an end
  const std::string line = one_line(text);
  fuzz::hold(fuzz::is_one_line(line), "one line is one line");
  fuzz::hold(one_line(line, line.size()) == std::string(trim(line)), "a line stays as it is");
  const std::size_t end = std::min(text.find('\n'), text.size());
  static_cast<void>(matches(std::string(text.substr(0, end)), text.substr(end)));  // any pattern comes to an end
  return 0;
}
