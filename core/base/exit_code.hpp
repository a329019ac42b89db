#pragma once

namespace delegate {

/// Promised to scripts; the rows of the outcome table carry the rest.
enum ExitCode : int {
  kAnswered = 0,
  kAllFailed = 1,
  kUsage = 2,
  kConfiguration = 3,
  kAllBusy = 4,
  kNothingInstalled = 5,
  kBlocked = 6,
  kInternal = 70,
  kDeadline = 124,
};

}  // namespace delegate
