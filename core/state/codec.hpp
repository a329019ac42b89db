#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// The stored form of a backend's state. Names and meanings are frozen (some differ from the member names: cooldown is
/// stored as "pause", manual as "by_hand", limit_probe as "slow_probe"); new fields are optional, unknown fields of a
/// later version are ignored.
std::string encode(const BackendState& state);
/// Code::data_loss if the text is not a stored state.
Result<BackendState> decode(std::string_view text);

std::string encode(const GuardState& state);
Result<GuardState> decode_guard(std::string_view text);

/// The stored form of what an attempt knows of its login's windows; empty: none. An unreadable text is none.
std::string encode(const std::vector<WindowView>& windows);
std::vector<WindowView> decode_windows(std::string_view text);

}  // namespace delegate
