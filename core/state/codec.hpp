#pragma once
#include <string>
#include <string_view>

#include "core/base/result.hpp"
#include "core/state/store.hpp"

namespace delegate {

/// The stored form of a backend's state, the same in every store. Names and meanings are frozen; new fields are
/// optional, and unknown ones of a later version are ignored.
std::string encode(const BackendState& state);
/// Code::data_loss when the text is not such a state.
Result<BackendState> decode(std::string_view text);

std::string encode(const GuardState& state);
Result<GuardState> decode_guard(std::string_view text);

}  // namespace delegate
