#include "cli/commands/context.hpp"

// One line a command, in the order of --help; a sub-command follows its group. Hidden commands are at the end.
#define COMMANDS(ROW)     \
  ROW(kAsk)               \
  ROW(kSubmit)            \
  ROW(kResult)            \
  ROW(kCancel)            \
  ROW(kRuns)              \
  ROW(kStats)             \
  ROW(kLast)              \
  ROW(kUndo)              \
  ROW(kStatus)            \
  ROW(kQuota)             \
  ROW(kBackends)          \
  ROW(kPing)              \
  ROW(kDoctor)            \
  ROW(kExplainFailure)    \
  ROW(kBreaker)           \
  ROW(kBreakerList)       \
  ROW(kBreakerReset)      \
  ROW(kBreakerTrip)       \
  ROW(kBreakerDisable)    \
  ROW(kBreakerEnable)     \
  ROW(kNotifications)     \
  ROW(kNotificationsList) \
  ROW(kNotificationsAck)  \
  ROW(kNotificationsTest) \
  ROW(kGuard)             \
  ROW(kGuardList)         \
  ROW(kGuardReset)        \
  ROW(kHealth)            \
  ROW(kMetrics)           \
  ROW(kCanary)            \
  ROW(kCanaryRun)         \
  ROW(kCanaryList)        \
  ROW(kCanaryShow)        \
  ROW(kDrill)             \
  ROW(kWorker)            \
  ROW(kConfig)            \
  ROW(kConfigShow)        \
  ROW(kConfigCheck)       \
  ROW(kConfigPath)        \
  ROW(kConfigInit)        \
  ROW(kTrust)             \
  ROW(kSetup)             \
  ROW(kMcp)               \
  ROW(kCompletion)        \
  ROW(kHelp)              \
  ROW(kRunJob)            \
  ROW(kAnnounce)          \
  ROW(kStandIn)           \
  ROW(kShortenLog)        \
  ROW(kComplete)          \
  ROW(kManual)

namespace delegate::cli {

#define DECLARE(row) extern const CommandRow row;
COMMANDS(DECLARE)
#undef DECLARE

CommandTable all_commands() {
#define POINTER(row) &row,
  static constexpr const CommandRow* kRows[] = {COMMANDS(POINTER)};
#undef POINTER
  return CommandTable(kRows);
}

}  // namespace delegate::cli
