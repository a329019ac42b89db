#include <array>
#include <string_view>
#include <utility>

#include "core/mcp/speaker.hpp"
#include "core/mcp/wire.hpp"

// Who the client is and which version it speaks: by `initialize` once, or by `_meta` in each request.
namespace delegate::mcp {
namespace {

constexpr std::size_t kLongestVersion = 100;
constexpr std::size_t kMostCapabilities = 64u << 10;  // in bytes: every call keeps a copy
constexpr std::array<Version, 5> kNewestFirst{Version::v2026_07_28, Version::v2025_11_25, Version::v2025_06_18,
                                              Version::v2025_03_26, Version::v2024_11_05};
constexpr std::array<std::string_view, 8> kLogLevels{"debug", "info",     "notice", "warning",
                                                     "error", "critical", "alert",  "emergency"};

std::optional<LogLevel> log_level_named(const Json& name) {
  for (std::size_t i = 0; i < kLogLevels.size(); ++i)
    if (name == kLogLevels.at(i)) return static_cast<LogLevel>(i);
  return std::nullopt;
}

Json all_versions() {
  Json names = Json::array();
  for (const Version version : kNewestFirst) names.push_back(name_of(version));
  return names;
}

std::optional<Refusal> fault_in(const Json& capabilities) {
  if (!capabilities.is_object()) return invalid_params("the client's capabilities are not an object");
  if (dump(capabilities).size() > kMostCapabilities)
    return invalid_params("the client's capabilities are larger than " + std::to_string(kMostCapabilities) + " bytes");
  return std::nullopt;
}

/// Its own words: what is no text is not known.
void introduce(Client& client, const Json& info) {
  client.name = echoed(text_member(info, "name").value_or(""));
  client.program_version = echoed(text_member(info, "version").value_or(""));
}

}  // namespace

std::optional<Refusal> Speaker::understand_modern(Asked& asked) const {
  const Json& version = member(asked.meta, kMetaVersion);
  if (!version.is_string()) return invalid_params(std::string("_meta needs ") + kMetaVersion + ", a string");
  const auto known = version_named(version.get<std::string>());
  if (!known || !is_modern(*known)) {
    const Json data{{"supported", all_versions()}, {"requested", echoed(version.get<std::string>(), kLongestVersion)}};
    const char* why = known ? "this version begins with initialize" : "unsupported protocol version";
    return Refusal{ErrorCode::unsupported_version, why, data};
  }
  const Json& capabilities = member(asked.meta, kMetaCapabilities);
  if (capabilities.is_null()) return invalid_params(std::string("_meta needs ") + kMetaCapabilities);
  if (auto why = fault_in(capabilities)) return why;
  asked.client = {*known, {}, {}, capabilities};
  introduce(asked.client, member(asked.meta, kMetaClient));
  if (const Json& level = member(asked.meta, kMetaLogLevel); !level.is_null()) {
    asked.log_level = log_level_named(level);
    if (!asked.log_level) return invalid_params(std::string(kMetaLogLevel) + " is none of the levels");
  }
  return std::nullopt;
}

Reply Speaker::initialize(const Asked& asked) {
  const auto wanted = text_member(asked.params, "protocolVersion");
  if (!wanted) return invalid_params("protocolVersion is not a string");
  Json declared = member(asked.params, "capabilities");
  if (declared.is_null()) declared = Json::object();
  if (auto why = fault_in(declared)) return std::move(*why);
  const auto known = version_named(*wanted);
  const Version version = known && !is_modern(*known) ? *known : kLatestLegacy;
  session_ = {true, {version, {}, {}, std::move(declared)}, LogLevel::info};
  introduce(session_.client, member(asked.params, "clientInfo"));
  const Offer& offer = service_.offer();
  Json result{{"protocolVersion", name_of(version)},
              {"capabilities", capabilities(offer, version)},
              {"serverInfo", wire(offer.info, version)}};
  if (!offer.instructions.empty()) result["instructions"] = offer.instructions;
  return result;
}

Reply Speaker::discover(const Asked& asked) {
  const Offer& offer = service_.offer();
  Json result{{"supportedVersions", all_versions()}, {"capabilities", capabilities(offer, asked.version())}};
  if (!offer.instructions.empty()) result["instructions"] = offer.instructions;
  mark_fresh(result, offer.lists_fresh_for, true);
  return result;
}

Reply Speaker::ping(const Asked&) { return Json::object(); }

Reply Speaker::set_level(const Asked& asked) {
  const auto level = log_level_named(member(asked.params, "level"));
  if (!level) return invalid_params("level is none of the levels");
  session_.log_level = *level;
  return Json::object();
}

void Speaker::log(LogLevel level, const std::string& logger, const Json& data, std::optional<CallId> about) {
  Json params{{"level", kLogLevels.at(static_cast<std::size_t>(level))}};
  if (!logger.empty()) params["logger"] = logger;
  params["data"] = data;
  if (about) return calls_.log(*about, level, std::move(params), session_.log_level);
  if (session_.begun && level >= session_.log_level)
    outbox_.send(notification("notifications/message", std::move(params)));
}

void Speaker::list_changed(List list) {
  subscriptions_.list_changed(outbox_, list, session_.begun && service_.offer().list_changes);
}

}  // namespace delegate::mcp
