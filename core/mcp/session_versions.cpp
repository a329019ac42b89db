#include <array>
#include <string_view>
#include <utility>

#include "core/mcp/session.hpp"
#include "core/mcp/wire.hpp"

// The client and its version: from `initialize`, or from `_meta` of each request.
namespace delegate::mcp {
namespace {

constexpr std::size_t kLongestVersion = 100;
constexpr std::size_t kMostCapabilities = 64u << 10;  // in bytes: every call keeps a copy
constexpr std::array<Version, 5> kNewestFirst{Version::v2026_07_28, Version::v2025_11_25, Version::v2025_06_18,
                                              Version::v2025_03_26, Version::v2024_11_05};

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

/// What is not text is ignored.
void introduce(Client& client, const Json& info) {
  client.name = echoed(text_member(info, "name").value_or(""));
  client.program_version = echoed(text_member(info, "version").value_or(""));
}

}  // namespace

std::optional<Refusal> Session::understand_modern(IncomingRequest& incoming) const {
  const Json& version = member(incoming.meta, kMetaVersion);
  if (!version.is_string()) return invalid_params(std::string("_meta needs ") + kMetaVersion + ", a string");
  const auto known = version_named(version.get<std::string>());
  if (!known || !is_modern(*known)) {
    const Json data{{"supported", all_versions()}, {"requested", echoed(version.get<std::string>(), kLongestVersion)}};
    const char* why = known ? "this version begins with initialize" : "unsupported protocol version";
    return Refusal{ErrorCode::unsupported_version, why, data};
  }
  const Json& capabilities = member(incoming.meta, kMetaCapabilities);
  if (capabilities.is_null()) return invalid_params(std::string("_meta needs ") + kMetaCapabilities);
  if (auto why = fault_in(capabilities)) return why;
  incoming.client = {*known, {}, {}, capabilities};
  introduce(incoming.client, member(incoming.meta, kMetaClient));
  return std::nullopt;
}

Reply Session::initialize(const IncomingRequest& incoming) {
  const auto wanted = text_member(incoming.params, "protocolVersion");
  if (!wanted) return invalid_params("protocolVersion is not a string");
  Json declared = member(incoming.params, "capabilities");
  if (declared.is_null()) declared = Json::object();
  if (auto why = fault_in(declared)) return std::move(*why);
  const auto known = version_named(*wanted);
  const Version version = known && !is_modern(*known) ? *known : kLatestLegacy;
  handshake_ = {true, {version, {}, {}, std::move(declared)}};
  introduce(handshake_.client, member(incoming.params, "clientInfo"));
  const Capabilities& offered = service_.capabilities();
  Json result{{"protocolVersion", name_of(version)},
              {"capabilities", wire_capabilities(offered, version)},
              {"serverInfo", wire(offered.info, version)}};
  if (!offered.instructions.empty()) result["instructions"] = offered.instructions;
  return result;
}

Reply Session::discover(const IncomingRequest& incoming) {
  const Capabilities& offered = service_.capabilities();
  Json result{{"supportedVersions", all_versions()}, {"capabilities", wire_capabilities(offered, incoming.version())}};
  if (!offered.instructions.empty()) result["instructions"] = offered.instructions;
  mark_stale(result, true);
  return result;
}

Reply Session::ping(const IncomingRequest&) { return Json::object(); }

}  // namespace delegate::mcp
