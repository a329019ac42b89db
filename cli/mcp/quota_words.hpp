#pragma once
#include <string>

#include "core/base/json.hpp"
#include "core/inspect/quota.hpp"

namespace delegate::cli::server {

/// What a model reads about the windows of a backend: "91 % of its 5 h window used, until 16:40; week 42 %"; empty:
/// nothing is known.
std::string quota_words(const inspect::QuotaStatus& quota, milliseconds now);
/// The same as a list of windows.
OrderedJson quota_windows(const inspect::QuotaStatus& quota);

}  // namespace delegate::cli::server
