#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/state/store.hpp"

// What the store holds at one moment, for those who examine it. A part that cannot be read is an error of its own and
// says nothing about the others.
namespace delegate {

/// The most rows of each kind that a survey has.
inline constexpr int kMostSurveyed = 1000;

/// A job that cannot be as it is: it waits without its request, or the request was not deleted when it started.
struct UnpairedJob {
  std::string id;
  bool has_request = false;

  bool operator==(const UnpairedJob&) const = default;
};

/// A job that stands before another one of its line which has got its turn.
struct PassedJob {
  std::string id;
  std::string passed_by;

  bool operator==(const PassedJob&) const = default;
};

/// A job whose state says that it goes on, although it has ended before.
struct RevivedJob {
  std::string id;
  JobRow::State state = JobRow::State::waiting;

  bool operator==(const RevivedJob&) const = default;
};

/// A task that one process of the host has at a time.
struct TaskLease {
  std::string name;  // "dispatcher", "canary"
  Span span;
  ProcessId owner;

  bool operator==(const TaskLease&) const = default;
};

struct QueueSurvey {
  Jobs::Counts counts;
  std::vector<JobRow> running;  // and yielded
  std::vector<JobRow> heads;    // the oldest waiting job of each line
  std::vector<UnpairedJob> unpaired;
  std::vector<PassedJob> passed;
  std::vector<RevivedJob> revived;
  std::vector<std::string> ended;  // ids, the last ones first
};

/// Numbers of rows that have a bound.
struct TableSizes {
  std::int64_t runs = 0;
  std::int64_t notifications = 0;
};

struct HistorySurvey {
  std::vector<RunRow> open;  // without an outcome: they run, or were killed
  milliseconds newest{0};    // wall; the latest time in the history
  /// By backend: the number of the latest run that found its breaker closed to it, among the last kMostSurveyed runs.
  /// Numbers grow.
  std::map<std::string, std::int64_t> refused;
};

/// With SurveyDepth::figures, history, leases, writers and sizes are empty.
struct Survey {
  Result<StateStore::Snapshot> states;
  std::vector<std::string> undecodable;  // backends and guards whose state cannot be read: they count as new ones
  Result<NotificationRows> notifications;
  Result<QueueSurvey> queue;
  Result<HistorySurvey> history;
  Result<std::vector<TaskLease>> leases;
  Result<WritersState> writers;
  Result<TableSizes> sizes;
  Status writable;  // a write that changes nothing
};

/// Of the first part with an error that `matches`; null: none has.
inline const Error* first_error_in(const Survey& survey, bool (*matches)(const Error&)) {
  const auto error = [](const auto& part) { return part ? nullptr : &part.error(); };
  for (const Error* one : {error(survey.states), error(survey.notifications), error(survey.queue),
                           error(survey.history), error(survey.leases), error(survey.writers), error(survey.sizes)})
    if (one != nullptr && matches(*one)) return one;
  return nullptr;
}

/// Of a store that cannot be read at all.
inline Survey unreadable_survey(const Error& why) {
  const auto error = [&] { return tl::unexpected(why); };
  return {error(), {}, error(), error(), error(), error(), error(), error(), error()};
}

}  // namespace delegate
