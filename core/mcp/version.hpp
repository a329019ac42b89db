#pragma once
#include <optional>
#include <string_view>

// The released versions of the protocol and what differs between them, asked by the name of the difference.
namespace delegate::mcp {

enum class Version { v2024_11_05, v2025_03_26, v2025_06_18, v2025_11_25, v2026_07_28 };

/// The last version that begins with `initialize`; what is said before anybody said a version follows it too.
inline constexpr Version kLatestLegacy = Version::v2025_11_25;

/// `2025-11-25`; a literal, ends with a NUL.
std::string_view name_of(Version version);
std::optional<Version> version_named(std::string_view name);

/// Without a handshake: version and capabilities come with each request, the server asks nothing by itself.
constexpr bool is_modern(Version version) { return version >= Version::v2026_07_28; }
/// An array of messages is a message.
constexpr bool has_batches(Version version) { return version <= Version::v2025_03_26; }
/// Tool annotations, audio, `message` of progress and the capability `completions`.
constexpr bool has_annotations(Version version) { return version >= Version::v2025_03_26; }
/// `title`, output schemas and structured content, links to resources, `_meta` of what is listed.
constexpr bool has_structure(Version version) { return version >= Version::v2025_06_18; }
/// `tasks/…` in the core of the protocol.
constexpr bool has_core_tasks(Version version) { return version == Version::v2025_11_25; }

}  // namespace delegate::mcp
