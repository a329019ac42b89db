#pragma once
#include <map>

#include "core/route/plan.hpp"
#include "core/run/engine.hpp"
#include "core/run/half_change.hpp"
#include "core/run/request.hpp"

namespace delegate {

/// A candidate of the plan: where it is on this machine, and what it is going to be asked.
struct PreparedCandidate {
  Candidate candidate;  // its task has everything of the request but the prompt
  Task configured;      // the task as it is configured, for a probe that has nothing to do with the request
  std::string warning;  // about the choice of its model, if this candidate's turn comes; mostly empty
  std::vector<WindowShare> reserve = {};  // what this request leaves of each of its quota windows
};
using PreparedCandidates = std::map<std::string, tl::expected<PreparedCandidate, Unavailable>>;

/// One of several equals goes before another that is written before it: more of its quota is left, in relation to the
/// time that is left.
struct Preference {
  std::string backend;  // candidate
  WindowView window;    // its scarcest one; without a name: unknown
  std::string before;
  WindowView before_window;
  milliseconds at{0};          // wall
  bool was_used_last = false;  // the one that is passed over has more left, but does not lead by enough
};

/// A request with everything that is decided before the first call: the plan, and its candidates, each looked up once.
/// It refers to no engine, so it may be made before a fork and used after it.
struct PreparedAsk {
  Request request;
  InferredType type;
  bool fallback = false;
  bool is_heavy = false;            // its type is one of router.heavy_types, or it changes files
  HalfChange half_change;           // that an earlier run left in the directory, if this one is to go on with it
  std::string work_directory = {};  // where the calls work; empty: in the request's directory
  RoutePlan plan;                   // its steps are candidates: of a backend with several logins one step each
  PreparedCandidates candidates;
  std::vector<Preference> preferences;
};
PreparedAsk prepare_ask(const Engine& engine, Request request);

/// The backends get this change to go on with; those that left it half done are asked after the others.
void go_on_with(PreparedAsk& prepared, HalfChange change);

/// The calls work there instead of in the request's directory, which stays the one that sessions belong to.
void work_in(PreparedAsk& prepared, std::string directory);

/// Looks the candidates up again: after a long wait a CLI may have been updated or removed.
void refresh_candidates(const Engine& engine, PreparedAsk& prepared);

}  // namespace delegate
