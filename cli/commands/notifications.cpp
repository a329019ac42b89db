#include <algorithm>
#include <charconv>
#include <chrono>

#include "cli/commands/context.hpp"
#include "cli/render/render.hpp"
#include "core/base/duration.hpp"
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/notify/channels.hpp"
#include "core/notify/outage_facts.hpp"

namespace delegate::cli {
namespace {

constexpr int kNotDelivered = 1;

constexpr OptionRow kJsonOptions[] = {json_flag("Print JSON")};

struct AckOptions {
  std::string id;
  bool all = false;
};
constexpr OptionRow kAckOptions[] = {
    {.value = "ID", .help = "Notification to acknowledge", .store = into<&AckOptions::id>},
    {.names = "--all", .help = "Acknowledge all of them", .store = into<&AckOptions::all>},
    json_flag("Print JSON"),
};
constexpr Exclusion kAckExclusions[] = {{"ID", {"--all"}, "give an id or --all, not both"}};

constexpr std::string_view kNotificationsExamples[] = {
    "delegate notifications",
    "delegate notifications ack --all",
    "delegate notifications test",
};

OrderedJson to_object(const NotificationRow& row) {
  OrderedJson json{{"id", row.id},
                   {"kind", row.kind},
                   {"subject", row.subject},
                   {"severity", to_string(row.severity)},
                   {"title", row.title}};
  put(json, "message", row.message);
  put(json, "outcome", row.outcome);
  json["count"] = row.count;
  json["first_seen"] = format_rfc3339(row.first_seen);
  json["last_seen"] = format_rfc3339(row.last_seen);
  if (row.retry_at) json["retry_at"] = format_rfc3339(*row.retry_at);
  json["acknowledged"] = row.acknowledged_at.has_value();
  if (row.acknowledged_at) json["acknowledged_at"] = format_rfc3339(*row.acknowledged_at);
  if (row.ended_at) json["ended_at"] = format_rfc3339(*row.ended_at);
  json["delivery"] = to_string(row.delivery);
  put(json, "channel", row.channel);
  put(json, "detail", row.detail);
  if (row.delivered_at) json["delivered_at"] = format_rfc3339(*row.delivered_at);
  return json;
}

std::string delivery_text(const NotificationRow& row) {
  if (row.delivery == DeliveryState::delivered)
    return "delivered by " + row.channel + (row.detail.empty() ? "" : " (" + one_line(row.detail, 160) + ")");
  std::string text(row.delivery == DeliveryState::pending ? "pending" : to_string(row.delivery));
  return row.detail.empty() ? text : text + ": " + one_line(row.detail, 160);
}

std::string list_text(const NotificationRows& rows, milliseconds now) {
  std::vector<std::vector<std::string>> cells{{"ID", "", "WHEN", "WHAT", "DELIVERY"}};
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    const bool waits = row->severity != NotificationSeverity::info && !row->acknowledged_at;
    std::string what = one_line(row->title, 160);
    if (row->count > 1) what += " (x" + std::to_string(row->count) + ")";
    cells.push_back({std::to_string(row->id), waits ? "!" : "",
                     format_took(std::max(now - row->last_seen, milliseconds(0))) + " ago", std::move(what),
                     delivery_text(*row)});
  }
  return table(cells);
}

std::string list_json(const NotificationRows& rows) {
  OrderedJson json{{"schema", "delegate.notifications/1"}, {"notifications", OrderedJson::array()}};
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) json["notifications"].push_back(to_object(*row));
  return dump(json);
}

/// The notifications are in the store, without which there are none.
Result<StateStore*> store_of(const CommandContext& context) {
  if (StateStore* store = context.host().store()) return store;
  return fail(Code::unavailable, "notifications: " + context.engine().breakers.trouble());
}

CommandResult list(const CommandContext& context, const NoOptions&) {
  const Output& output = context.output;
  context.report_notice();
  TRY(StateStore* const store, store_of(context));
  const auto rows = store->notifications();
  if (!rows) return fail_internally("notifications", rows.error());
  if (context.world.json) return output.answer(list_json(*rows) + "\n");
  if (rows->empty()) return output.answer("no notifications yet\n");
  return output.answer(list_text(*rows, context.world.clock.now().wall));
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (wrong != std::errc() || end != text.data() + text.size() || number < 1) return std::nullopt;
  return number;
}

CommandResult acknowledge_some(const CommandContext& context, const AckOptions& options) {
  context.report_notice();
  TRY(StateStore* const store, store_of(context));
  if (!options.all && options.id.empty())
    return fail_as(ErrorKind::usage,
                   {Code::invalid_argument, "notifications ack: ID is missing", "give an id, or use --all"});
  const auto id = options.all ? std::optional<std::int64_t>(0) : number_of(options.id);
  const Error unknown{Code::not_found, "notifications ack: '" + one_line(options.id, 80) + "': no such notification",
                      "see `delegate notifications`"};
  if (!id) return fail_as(ErrorKind::usage, unknown);
  int changed = 0;
  bool is_known = options.all;
  const Status done = store->change_notifications([&](NotificationRows& rows, const HostTime& now) {
    is_known = options.all || std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.id == *id; });
    changed = acknowledge(rows, *id, now);
  });
  if (!done) return fail_internally("notifications ack", done.error());
  if (!is_known) return fail_as(ErrorKind::usage, unknown);
  const OrderedJson json{{"schema", "delegate.notification_ack/1"}, {"acknowledged", changed}};
  return context.output.answer(context.world.json ? dump(json) + "\n" : std::to_string(changed) + " acknowledged\n");
}

/// As if the first backend that is installed had been signed out.
notify::Announcement trial(const CommandContext& context) {
  const Engine& engine = context.host().engine();
  const auto& order = engine.config.router.order.names;
  const auto first = std::find_if(order.begin(), order.end(),
                                  [&](const auto& name) { return find_candidate(engine, name).has_value(); });
  const std::string backend = first != order.end() ? *first : order.empty() ? "backend" : order.front();
  return notify::sample_announcement(backend, notify::outage_facts(context.world, engine));
}

std::string trial_text(const notify::DeliveryResult& result, milliseconds took) {
  if (result.delivery != DeliveryState::delivered) return "not delivered: " + result.detail + "\n";
  std::string text = "delivered by " + result.channel + " after " + format_took(took);
  return text + (result.detail.empty() ? "" : " (" + result.detail + ")") + "\n";
}

CommandResult test(const CommandContext& context, const NoOptions&) {
  const World& world = context.world;
  const Output& output = context.output;
  const Config& config = context.config();
  const Host& host = context.host();
  context.report_notice();
  const std::vector<notify::Channel> channels = notify::channels_of(world, config.notify, host.engine().redact);
  Guards unguarded(nullptr, host.engine().breakers.self(), config.guards);
  const notify::Announcement announcement = trial(context);
  const auto begun = std::chrono::steady_clock::now();
  notify::DeliveryResult result = channels.empty() ? notify::DeliveryResult{.detail = "[notify] enables no channel"}
                                                   : deliver(channels, unguarded, announcement);
  const auto took = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begun);
  const bool reached = result.delivery == DeliveryState::delivered;
  if (host.store() != nullptr) {
    const Status kept = host.store()->change_notifications([&](NotificationRows& rows, const HostTime& now) {
      raise(rows, {.kind = "test",
                   .title = announcement.text.title,
                   .message = announcement.text.message,
                   .first_seen = now.wall,
                   .last_seen = now.wall,
                   .acknowledged_at = now.wall,
                   .delivery = result.delivery,
                   .channel = result.channel,
                   .detail = result.detail,
                   .delivered_at = reached ? std::optional(now.wall) : std::nullopt});
    });
    if (!kept) output.error({kept.error().code, "notifications test: " + kept.error().what, kept.error().hint});
  }
  OrderedJson json{{"schema", "delegate.notification_test/1"}, {"delivered", reached}};
  put(json, "channel", result.channel);
  put(json, "detail", result.detail);
  json["duration_ms"] = took.count();
  const int written = output.answer(world.json ? dump(json) + "\n" : trial_text(result, took));
  if (written != 0) return written;
  return reached ? kAnswered : kNotDelivered;
}

}  // namespace

extern constexpr CommandRow kNotifications{
    .name = "notifications",
    .group = kOperateGroup,
    .help = "List the outage notifications that were sent",
    .more =
        "You get one notification when the breaker of a backend opens and one when the backend recovers, unless that "
        "happens again and again: through your hook, the desktop or the terminal, whichever works first. Without a "
        "sub-command, they are listed.",
    .examples = kNotificationsExamples,
    .fallback = "notifications list"};

extern constexpr CommandRow kNotificationsList{.name = "notifications list",
                                               .group = kOperateGroup,
                                               .help = "List notifications, newest first",
                                               .options = kJsonOptions,
                                               .needs = Needs::host,
                                               .run = run_with<list>};

extern constexpr CommandRow kNotificationsAck{.name = "notifications ack",
                                              .group = kOperateGroup,
                                              .help = "Mark as seen: `status` no longer shows it",
                                              .options = kAckOptions,
                                              .exclusions = kAckExclusions,
                                              .needs = Needs::host,
                                              .run = run_with<acknowledge_some>};

extern constexpr CommandRow kNotificationsTest{
    .name = "notifications test",
    .group = kOperateGroup,
    .help = "Send a test notification and print how it was delivered",
    .more =
        "It looks like the notification of a needed sign-in, with \"Test:\" before it. The exit status is 1 if it was "
        "not delivered. Guards are ignored, and the result does not count for them.",
    .options = kJsonOptions,
    .needs = Needs::host,
    .run = run_with<test>};

}  // namespace delegate::cli
