#include "core/run/quota_report.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/json.hpp"
#include "core/quota/reserve.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLargestAccountFile = std::size_t{8} << 20;  // a CLI's own settings; some keep a history in them

std::string account_in(const AccountField& field) {
  const auto text = read_file(field.file, kLargestAccountFile);
  const auto json = text ? parse_object(*text) : std::nullopt;
  return json ? text_at(*json, field.pointer.c_str()) : std::string();
}

}  // namespace

std::function<std::string()> account_reader(const Candidate& candidate) {
  return
      [field = candidate.backend->account_field(candidate.task)] { return field ? account_in(*field) : std::string(); };
}

std::vector<int> announced_shares(const NotifySettings& notify) {
  std::vector<int> percents;
  for (const std::string& text : notify.quota_shares)
    if (const auto share = parse_share(text)) percents.push_back(static_cast<int>(std::lround(*share * 100)));
  std::sort(percents.begin(), percents.end());
  return percents;
}

QuotaReport quota_report(const Engine& engine, const Candidate& candidate, std::optional<QuotaReading> reading) {
  if (!reading || reading->empty()) return {};
  return {.reading = std::move(reading),
          .account_id = account_reader(candidate)(),
          .announced_shares = announced_shares(engine.config.notify)};
}

QuotaReport quota_report(const Engine& engine, const Candidate& candidate, const ParsedOutput& parsed) {
  auto reading = parsed.quota;
  if (!reading) return {};
  const auto ago = parsed.quota_heard_at ? whole(steady_now() - *parsed.quota_heard_at) : milliseconds(0);
  if (reading->heard_at == milliseconds(0)) reading->heard_at = engine.clock.now().wall - ago;
  reading->source = "call";
  return quota_report(engine, candidate, std::move(reading));
}

}  // namespace delegate
