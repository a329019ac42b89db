#include "cli/args/describe_tables.hpp"

// What people are told, the guards of side jobs, and the health of it all.
namespace delegate::cli {
namespace {

template <NotificationsCommand::Action action>
Command take_notifications(Typed& typed) {
  typed.notifications.action = action;
  return typed.notifications;
}
template <GuardCommand::Action action>
Command take_guard(Typed& typed) {
  typed.guard.action = action;
  return typed.guard;
}

constexpr OptionText kNotificationsList[] = {
    {.names = "--json", .help = "As JSON", .place = in<&Typed::notifications, &NotificationsCommand::json>},
};
constexpr OptionText kNotificationsAck[] = {
    {.value = "ID", .help = "Which one", .place = in<&Typed::notifications, &NotificationsCommand::id>},
    {.names = "--all", .help = "Every one", .place = in<&Typed::notifications, &NotificationsCommand::all>},
};
constexpr Exclusion kAckExclusions[] = {
    {"ID", [] { return std::vector<std::string_view>{"--all"}; }, "name one, or take all"},
};
constexpr std::string_view kNotificationsExamples[] = {
    "delegate notifications",
    "delegate notifications ack --all",
    "delegate notifications test",
};

constexpr OptionText kGuardList[] = {
    {.names = "--json", .help = "As JSON", .place = in<&Typed::guard, &GuardCommand::json>},
};
constexpr OptionText kGuardReset[] = {
    {.value = "NAME", .help = "Which guard", .place = in<&Typed::guard, &GuardCommand::name>},
    {.names = "--all", .help = "Every guard", .place = in<&Typed::guard, &GuardCommand::all>},
};
constexpr Exclusion kGuardResetExclusions[] = {
    {"NAME", [] { return std::vector<std::string_view>{"--all"}; }, "name one, or take all"},
};

constexpr OptionText kHealth[] = {
    {.names = "--json", .help = "As JSON", .place = in<&Typed::health, &HealthCommand::json>},
};

}  // namespace

constexpr CommandText kNotificationsText{
    .name = "notifications",
    .group = kOperate,
    .help = "What was told about outages, and how",
    .more =
        "A backend whose breaker opens is told once, and once more when it answers again: by your hook, by the "
        "desktop or by the terminal, whichever takes it first. Without a sub-command: the list.",
    .examples = kNotificationsExamples,
    .otherwise = "notifications list"};
constexpr CommandText kNotificationsListText{.name = "notifications list",
                                             .group = kOperate,
                                             .help = "The newest first",
                                             .options = kNotificationsList,
                                             .take = take_notifications<NotificationsCommand::Action::list>};
constexpr CommandText kNotificationsAckText{.name = "notifications ack",
                                            .group = kOperate,
                                            .help = "You have seen it: `status` says it no longer",
                                            .options = kNotificationsAck,
                                            .exclusions = kAckExclusions,
                                            .take = take_notifications<NotificationsCommand::Action::acknowledge>};
constexpr CommandText kNotificationsTestText{
    .name = "notifications test",
    .group = kOperate,
    .help = "Send one, and say who took it",
    .more = "The exit status is 1 when nobody did. Guards do not keep it back, and are not told of it.",
    .options = kNotificationsList,
    .take = take_notifications<NotificationsCommand::Action::test>};

constexpr CommandText kGuardText{
    .name = "guard",
    .group = kOperate,
    .help = "Look at and reset the guards of side jobs",
    .more =
        "A side job of delegate itself (writing the history, sending a notification, warming the local model up) "
        "that keeps failing is left out for a while, on the whole host. It never changes an answer."};
constexpr CommandText kGuardListText{.name = "guard list",
                                     .group = kOperate,
                                     .help = "Every guard that has seen a failure",
                                     .options = kGuardList,
                                     .take = take_guard<GuardCommand::Action::list>};
constexpr CommandText kGuardResetText{.name = "guard reset",
                                      .group = kOperate,
                                      .help = "Close it and forget its failures",
                                      .options = kGuardReset,
                                      .exclusions = kGuardResetExclusions,
                                      .take = take_guard<GuardCommand::Action::reset>};

constexpr CommandText kHealthText{
    .name = "health",
    .group = kOperate,
    .help = "Can delegate do its work now: store, backends, queue, guards",
    .more =
        "For scripts and monitoring. The exit status is 0 when somebody can be asked and the state can be used, "
        "else 1. Starts nothing and asks nobody: a server counts as ready until a call could not reach it.",
    .options = kHealth,
    .take = take<&Typed::health>};

constexpr CommandText kAnnounceText{.name = "announce", .take = [](Typed&) -> Command { return AnnounceCommand{}; }};

}  // namespace delegate::cli
