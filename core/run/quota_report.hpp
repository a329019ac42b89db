#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/run/engine.hpp"

namespace delegate {

/// What is to be remembered of a login after a call: what its output said about the windows, and whose they are.
QuotaReport quota_report(const Engine& engine, const Candidate& candidate, const ParsedOutput& parsed);
/// The same of a reading that was heard in another way.
QuotaReport quota_report(const Engine& engine, const Candidate& candidate, std::optional<QuotaReading> reading);

/// Reads the id of the login's account when it is asked for; empty: its CLI keeps none, or that cannot be read.
std::function<std::string()> account_reader(const Candidate& candidate);

/// notify.quota_shares in percent, in the order of their size.
std::vector<int> announced_shares(const NotifySettings& notify);

}  // namespace delegate
