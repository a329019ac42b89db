#include "core/run/news.hpp"

#include <utility>

namespace delegate {

void News::add(News later) {
  if (later.anew) text.clear(), anew = true;
  text += later.text;
  certain = later.certain;
  if (later.doing) doing = std::move(later.doing);
}

News Reporter::since_last(const Reading& reading) {
  News news{.certain = reading.text_grows};
  if (!reading.text_grows && reading.drafts != drafts_) {
    news.anew = told_ > 0;
    told_ = 0;
    drafts_ = reading.drafts;
  }
  const std::string& written = reading.text_grows ? reading.text : reading.draft;
  if (written.size() > told_) {
    news.text = written.substr(told_);
    told_ = written.size();
  }
  if (reading.doing != doing_) news.doing = doing_ = reading.doing;
  return news;
}

}  // namespace delegate
