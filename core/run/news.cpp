#include "core/run/news.hpp"

#include <utility>

namespace delegate {

void News::add(News later) {
  if (later.anew) text.clear(), anew = true;
  text += later.text;
  certain = later.certain;
  if (later.doing) doing = std::move(later.doing);
}

News Reporter::since_last(const ParsedOutput& parsed) {
  News news{.certain = parsed.text_grows};
  if (!parsed.text_grows && parsed.drafts != drafts_) {
    news.anew = told_ > 0;
    told_ = 0;
    drafts_ = parsed.drafts;
  }
  const std::string& written = parsed.text_grows ? parsed.text : parsed.draft;
  if (written.size() > told_) {
    news.text = written.substr(told_);
    told_ = written.size();
  }
  if (parsed.doing != doing_) news.doing = doing_ = parsed.doing;
  return news;
}

}  // namespace delegate
