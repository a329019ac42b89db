#include "core/state/ledger.hpp"

#include "core/base/text.hpp"

namespace delegate {

KeptText kept(std::string_view text) {
  KeptText out{.size = static_cast<std::int64_t>(text.size())};
  if (out.is_whole()) {
    out.text = valid_utf8(text);
    return out;
  }
  HeadAndTail ends(KeptText::kMost / 4 * 3, KeptText::kMost / 4);
  ends.add(text);
  out.text = valid_utf8(ends.text());  // a cut may go through a character
  return out;
}

}  // namespace delegate
