#include "core/state/ledger.hpp"

#include "core/base/text.hpp"

namespace delegate {

KeptText kept(std::string_view text) {
  std::string whole = valid_utf8(text);  // first, because it replaces each invalid byte with three
  KeptText out{.size = static_cast<std::int64_t>(whole.size())};
  if (out.is_whole()) {
    out.text = std::move(whole);
    return out;
  }
  HeadAndTail ends(KeptText::kMost / 4 * 3, KeptText::kMost / 4);
  ends.add(whole);
  out.text = valid_utf8(ends.text());  // the cut may split a character
  return out;
}

KeptText kept_after(KeptText end, std::size_t missing) {
  if (missing == 0) return end;
  end.text.insert(0, "[… " + std::to_string(missing) + " bytes left out …]\n");
  end.size += static_cast<std::int64_t>(missing);
  return end;
}

}  // namespace delegate
