#include "core/notify/notice.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <set>

#include "core/base/json.hpp"
#include "core/base/text.hpp"

namespace delegate::notify::desktop {
namespace {

constexpr std::array<const char*, 3> kUrgencies{"low", "normal", "critical"};  // in the order of Urgency
constexpr milliseconds kLongestTime{60'000};
constexpr std::size_t kLongestName = 100;

bool is_plain_in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

tl::unexpected<Error> bad(const std::string& key, const std::string& why) {
  return fail(Code::invalid_argument, "notice: " + key + ": " + why);
}

OrderedJson json_of(const NoticeId& shown) {
  if (!shown.tag.empty()) return OrderedJson{{"tag", shown.tag}};
  return OrderedJson{{"id", shown.id}, {"server", shown.server}};
}

/// An object with no other keys than these. Sorted: adding to an ordered one takes time linear in its size.
Result<Json> object_of(std::string_view text, const std::string& what, const std::set<std::string>& keys) {
  Json json = Json::parse(valid_utf8(text), nullptr, false);
  if (!json.is_object()) return fail(Code::invalid_argument, what + ": not a single JSON object");
  for (const auto& entry : json.items())
    if (keys.count(entry.key()) == 0)
      return fail(Code::invalid_argument, what + ": unknown key '" + one_line(entry.key(), 40) + "'");
  return json;
}

Status read_text(const Json& json, const char* key, std::string& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  if (!found->is_string()) return bad(key, "not a string");
  into = found->get<std::string>();
  return {};
}

bool is_plain_name(std::string_view text) {
  return text.size() <= kLongestName && std::all_of(text.begin(), text.end(), is_plain_in_name);
}

/// A plain name as in the specification: no path and no address.
Status read_name(const Json& json, const char* key, std::string& into) {
  TRY_STATUS(read_text(json, key, into));
  if (!is_plain_name(into)) return bad(key, "not a plain name");
  return {};
}

Status read_milliseconds(const Json& json, const char* key, milliseconds shortest, milliseconds& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  // Unsigned beyond the signed range must not wrap into it.
  const bool in_range =
      found->is_number_integer() && (!found->is_number_unsigned() || found->get<std::uint64_t>() <= 60'000) &&
      milliseconds(found->get<std::int64_t>()) >= shortest && milliseconds(found->get<std::int64_t>()) <= kLongestTime;
  if (!in_range)
    return bad(key, "not a whole number from " + std::to_string(shortest.count()) + " to " +
                        std::to_string(kLongestTime.count()));
  into = milliseconds(found->get<std::int64_t>());
  return {};
}

Result<Urgency> urgency_of(const Json& json) {
  std::string said = kUrgencies[1];
  TRY_STATUS(read_text(json, "urgency", said));
  const auto found = std::find(kUrgencies.begin(), kUrgencies.end(), said);
  if (found == kUrgencies.end()) return bad("urgency", "expected low, normal or critical");
  return static_cast<Urgency>(found - kUrgencies.begin());
}

Result<NoticeId> notice_id_of(const Json& json, const char* key) {
  if (json.is_object() && json.size() == 1 && json.contains("tag")) {
    NoticeId tagged;
    TRY_STATUS(read_name(json, "tag", tagged.tag));
    if (tagged.tag.empty()) return bad(key, "the tag is empty");
    return tagged;
  }
  if (!json.is_object() || json.size() != 2) return bad(key, "expected an id and a server, or a tag");
  const auto id = json.find("id");
  const auto server = json.find("server");
  if (id == json.end() || !id->is_number_unsigned() || id->get<std::uint64_t>() == 0 ||
      id->get<std::uint64_t>() > std::numeric_limits<std::uint32_t>::max())
    return bad(key, "the id is not a number from 1 to 4294967295");
  if (server == json.end() || !server->is_string()) return bad(key, "the server is not a string");
  return NoticeId{.id = id->get<std::uint32_t>(), .server = server->get<std::string>()};
}

Status read_notice_id(const Json& json, const char* key, std::optional<NoticeId>& into) {
  const auto found = json.find(key);
  if (found == json.end()) return {};
  TRY(into, notice_id_of(*found, key));
  return {};
}

Result<bool> flag_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end()) return false;
  if (!found->is_boolean()) return fail(Code::data_loss, std::string("delivery: ") + key + ": not true or false");
  return found->get<bool>();
}

}  // namespace

std::string plain_name(std::string_view text) {
  std::string name;
  for (const char c : text)
    if (const char shown = c == '@' ? '.' : c; is_plain_in_name(shown)) name += shown;
  return name.substr(0, kLongestName);
}

std::string to_json(const Notice& notice) {
  OrderedJson json = OrderedJson::object();
  if (!notice.summary.empty()) json["summary"] = notice.summary;
  if (!notice.body.empty()) json["body"] = notice.body;
  json["urgency"] = kUrgencies[static_cast<std::size_t>(notice.urgency)];
  if (!notice.icon.empty()) json["icon"] = notice.icon;
  if (!notice.category.empty()) json["category"] = notice.category;
  if (!notice.tag.empty()) json["tag"] = notice.tag;
  json["budget_ms"] = notice.budget.count();
  json["activation_ms"] = notice.activation.count();
  if (notice.close) json["close"] = json_of(*notice.close);
  if (notice.replaces) json["replaces"] = json_of(*notice.replaces);
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<Notice> notice_of(std::string_view text) {
  TRY(const Json json, object_of(text, "notice",
                                 {"summary", "body", "urgency", "icon", "category", "tag", "budget_ms", "activation_ms",
                                  "close", "replaces"}));
  Notice notice;
  TRY_STATUS(read_text(json, "summary", notice.summary));
  TRY_STATUS(read_text(json, "body", notice.body));
  TRY(notice.urgency, urgency_of(json));
  TRY_STATUS(read_name(json, "icon", notice.icon));
  TRY_STATUS(read_name(json, "category", notice.category));
  TRY_STATUS(read_name(json, "tag", notice.tag));
  TRY_STATUS(read_milliseconds(json, "budget_ms", milliseconds(1), notice.budget));
  TRY_STATUS(read_milliseconds(json, "activation_ms", milliseconds(0), notice.activation));
  TRY_STATUS(read_notice_id(json, "close", notice.close));
  TRY_STATUS(read_notice_id(json, "replaces", notice.replaces));
  if (trim(notice.summary).empty() && !notice.close) return bad("summary", "missing");
  if (trim(notice.summary).empty() && (!notice.body.empty() || notice.replaces))
    return bad("summary", "missing, but body and replaces need one");
  return notice;
}

std::string to_json(const NoticeResult& delivery) {
  OrderedJson json{{"delivered", delivery.delivered}};
  if (delivery.shown) json.update(json_of(*delivery.shown));
  if (delivery.replaced) json["replaced"] = true;
  if (delivery.maybe) json["maybe"] = true;
  if (delivery.timed_out) json["timed_out"] = true;
  if (delivery.closed) json["closed"] = *delivery.closed;
  if (!delivery.reason.empty()) json["reason"] = delivery.reason;
  json["took_ms"] = delivery.took.count();
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<NoticeResult> notice_result_of(std::string_view line) {
  TRY(const Json json,
      object_of(line, "delivery",
                {"delivered", "id", "server", "tag", "replaced", "maybe", "timed_out", "closed", "reason", "took_ms"}));
  NoticeResult delivery;
  TRY(delivery.delivered, flag_at(json, "delivered"));
  TRY(delivery.maybe, flag_at(json, "maybe"));
  TRY(delivery.replaced, flag_at(json, "replaced"));
  TRY(delivery.timed_out, flag_at(json, "timed_out"));
  if (json.contains("closed")) {
    TRY(delivery.closed, flag_at(json, "closed"));
  }
  if (delivery.delivered) {
    const Json shown = json.contains("tag")
                           ? Json{{"tag", json["tag"]}}
                           : Json{{"id", json.value("id", Json())}, {"server", json.value("server", Json())}};
    TRY(delivery.shown, notice_id_of(shown, "delivery"));
  }
  TRY_STATUS(read_text(json, "reason", delivery.reason));
  TRY_STATUS(read_milliseconds(json, "took_ms", milliseconds(0), delivery.took));
  return delivery;
}

}  // namespace delegate::notify::desktop
