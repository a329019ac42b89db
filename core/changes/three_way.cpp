#include "core/changes/three_way.hpp"

#include "core/base/text.hpp"
#include "core/changes/file_notes.hpp"

namespace delegate {
namespace {

Resolved conflict(std::string why) { return {.kind = Resolved::Kind::conflict, .why = std::move(why)}; }

Status write_side(const Git& git, const TreeEntry& entry, const Path& file) {
  TRY(const std::string content, git.output({"cat-file", "blob", entry.object}));
  return write_private_file(file, content);
}

Status write_sides(const Git& git, const Sides& sides, const Path& scratch) {
  TRY_STATUS(make_private_directory(scratch));
  TRY_STATUS(write_side(git, sides.present, scratch / "present"));
  TRY_STATUS(write_side(git, sides.base, scratch / "base"));
  return write_side(git, sides.wanted, scratch / "wanted");
}

/// The object of the merged text; nothing: it cannot be merged.
Result<std::optional<std::string>> merged_text(const Git& git, const Sides& sides, const Path& scratch) {
  if (Status written = write_sides(git, sides, scratch); !written) {
    if (written.error().code == Code::resource_exhausted) return std::optional<std::string>();  // too large
    return tl::unexpected(std::move(written).error());
  }
  const auto name = [&](const char* side) { return (scratch / side).string(); };
  TRY(const GitOutput merged, git.run({"merge-file", "-p", "-q", name("present"), name("base"), name("wanted")}));
  if (merged.exit_code != 0) return std::optional<std::string>();
  TRY(const std::string object, git.output({"hash-object", "-w", "--stdin"}, merged.out));
  return std::optional(std::string(trim(object)));
}

/// Of a value that one side at most has changed, or both in the same way.
std::optional<std::string> changed_once(const std::string& base, const std::string& wanted,
                                        const std::string& present) {
  if (present == base || present == wanted) return wanted;
  if (wanted == base) return present;
  return std::nullopt;
}

}  // namespace

unsigned resolved_mode(const Sides& sides, const TreeEntry& entry) {
  if (!entry.is_regular()) return 0;
  if (sides.facts.kind != FileFacts::Kind::regular) return sides.wanted_mode;
  const unsigned present = sides.facts.mode;
  const bool is_known = sides.base_mode != 0 && sides.wanted_mode != 0;
  if (is_known && (present & kPermissions) == sides.base_mode) return (present & ~kPermissions) | sides.wanted_mode;
  if (entry.mode == sides.present.mode) return present;  // also where git ignores the executable bit
  return entry.mode == "100755" ? present | ((present & 0444u) >> 2u) : present & ~0111u;
}

Result<Resolved> resolve(const Git& git, const Sides& sides, const Path& scratch) {
  const TreeEntry& base = sides.base;
  const TreeEntry& wanted = sides.wanted;
  const TreeEntry& present = sides.present;
  if (present == wanted) return Resolved{};
  if (present == base) return Resolved{.kind = Resolved::Kind::take, .entry = wanted};
  if (!base.exists()) return conflict("another file was added at its place");
  if (!present.exists()) return conflict("it was removed since");
  if (!wanted.exists()) return conflict("it would be removed, and has changed since");
  if (!base.is_regular() || !wanted.is_regular() || !present.is_regular())
    return conflict("it has changed since, and is a link on one side");
  const auto mode = changed_once(base.mode, wanted.mode, present.mode);
  if (!mode) return conflict("its mode has changed since");
  std::optional<std::string> object = changed_once(base.object, wanted.object, present.object);
  if (!object) {
    TRY(object, merged_text(git, sides, scratch));
    if (!object) return conflict("the same lines have changed since, or it is binary or too large");
  }
  return Resolved{.kind = Resolved::Kind::merged, .entry = {*mode, *object}};
}

}  // namespace delegate
