#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

// The released versions of the protocol, and a function for each difference between them.
namespace delegate::mcp {

enum class Version { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

/// The last version with `initialize`; also used until the client states a version.
inline constexpr Version kLatestLegacy = Version::v2025_11_25;

inline constexpr std::array<std::string_view, 5> kVersionNames{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
                                                               "2026-07-28"};

/// `2025-11-25`; a literal, ends with a NUL.
constexpr std::string_view name_of(Version version) { return kVersionNames.at(static_cast<std::size_t>(version)); }
constexpr std::optional<Version> version_named(std::string_view name) {
  for (std::size_t i = 0; i < kVersionNames.size(); ++i)
    if (kVersionNames.at(i) == name) return static_cast<Version>(i);
  return std::nullopt;
}

/// Without a handshake: version and capabilities come with each request, and the server sends no requests.
constexpr bool is_modern(Version version) { return version >= Version::v2026_07_28; }
/// An array of messages is allowed.
constexpr bool has_batches(Version version) { return version <= Version::v2025_03_26; }
/// Tool annotations, and `message` of progress.
constexpr bool has_annotations(Version version) { return version >= Version::v2025_03_26; }
/// `title`, output schemas and structured content, `_meta` of what is listed.
constexpr bool has_structure(Version version) { return version >= Version::v2025_06_18; }
/// `tasks/…` in the core of the protocol.
constexpr bool has_core_tasks(Version version) { return version == Version::v2025_11_25; }

}  // namespace delegate::mcp
