#pragma once
#include "cli/args/describe.hpp"

// The commands, one table each; describe.cpp puts them in order.
namespace delegate::cli {

extern const CommandText kAskText;
extern const CommandText kSubmitText;
extern const CommandText kResultText;
extern const CommandText kCancelText;
extern const CommandText kWorkerText;
extern const CommandText kCarryText;
extern const CommandText kMcpText;
extern const CommandText kRunsText;
extern const CommandText kStatusText;
extern const CommandText kBackendsText;
extern const CommandText kPingText;
extern const CommandText kDoctorText;
extern const CommandText kBreakerText;
extern const CommandText kBreakerListText;
extern const CommandText kBreakerResetText;
extern const CommandText kBreakerTripText;
extern const CommandText kBreakerDisableText;
extern const CommandText kBreakerEnableText;
extern const CommandText kNotificationsText;
extern const CommandText kNotificationsListText;
extern const CommandText kNotificationsAckText;
extern const CommandText kNotificationsTestText;
extern const CommandText kGuardText;
extern const CommandText kGuardListText;
extern const CommandText kGuardResetText;
extern const CommandText kHealthText;
extern const CommandText kAnnounceText;
extern const CommandText kDrillText;
extern const CommandText kConfigText;
extern const CommandText kConfigShowText;
extern const CommandText kConfigCheckText;
extern const CommandText kConfigPathText;
extern const CommandText kConfigInitText;
extern const CommandText kTrustText;
extern const CommandText kSetupText;
extern const CommandText kCompletionText;
extern const CommandText kHelpText;
extern const CommandText kCompleteText;
extern const CommandText kManualText;

/// `typed.COMMAND.MEMBER`.
template <auto command, auto member>
auto& in(Typed& typed) {
  return typed.*command.*member;
}
template <auto command>
Command take(Typed& typed) {
  return std::move(typed.*command);
}

inline constexpr std::string_view kLook = "Ask and look";
inline constexpr std::string_view kOperate = "Operate";
inline constexpr std::string_view kSetUp = "Set up";

}  // namespace delegate::cli
