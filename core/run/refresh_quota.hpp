#pragma once
#include <optional>
#include <string>

#include "core/run/engine.hpp"

namespace delegate {

struct QuotaRefresh {
  std::string backend;
  bool can_be_asked = true;
  bool was_asked = false;        // the CLI itself was asked, without a call to a model
  std::optional<Error> problem;  // what is remembered is not fresh
};

/// Brings what is remembered of a login's windows up to date: by what its CLI itself offers for that, never with the
/// token it has stored, or else by the smallest call to its model, which goes through breaker and slot. Blocks.
QuotaRefresh refresh_quota(const Engine& engine, const Candidate& candidate, const CancelToken& cancel);

}  // namespace delegate
