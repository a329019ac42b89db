#pragma once
#include <optional>
#include <span>

#include "core/quota/windows.hpp"
#include "core/run/backend.hpp"

namespace delegate {

/// The limits that the headers of a response describe, heard at `now` (wall): `x-ratelimit-remaining-requests`,
/// `anthropic-ratelimit-tokens-remaining`, `ratelimit-remaining` and their relatives. Each kind of limit ("requests",
/// "tokens", "requests-day") is a window; one without its size or what is left of it is none.
std::optional<QuotaReading> quota_in_headers(std::span<const HttpResult::Header> headers, milliseconds now);

}  // namespace delegate
