#include "core/os/kept_file.hpp"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <filesystem>

#include "tests/helpers/skip.hpp"
#include "tests/unit/os/fake_child.hpp"

// A file of another program gets a new content, and keeps all that belongs to it.
using namespace delegate;
using delegate_tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

constexpr const char* kAccess = "system.posix_acl_access";

/// An access list as the kernel stores it: read and write for owner, user 1234, group and mask; nothing for others.
std::string list_with_another_user() {
  std::string out("\2\0\0\0", 4);
  constexpr unsigned kAnybody = 0xFFFFFFFF;
  for (const auto& [tag, permissions, id] :
       {std::array{1U, 6U, kAnybody}, {2U, 6U, 1234U}, {4U, 6U, kAnybody}, {16U, 6U, kAnybody}, {32U, 0U, kAnybody}}) {
    for (const unsigned part : {tag & 0xFFU, tag >> 8U, permissions & 0xFFU, permissions >> 8U})
      out += static_cast<char>(part);
    for (unsigned shift = 0; shift < 32; shift += 8) out += static_cast<char>((id >> shift) & 0xFFU);
  }
  return out;
}

bool set_list(const Path& path, const char* name) {
  const std::string list = list_with_another_user();
  return ::setxattr(path.c_str(), name, list.data(), list.size(), 0) == 0;
}

unsigned permissions_of(const Path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

std::string text_in(const Path& path) { return read_file(path).value(); }

std::size_t files_in(const Path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a replaced file gives access to no more users than before, whatever its directory passes on") {
  TemporaryDirectory directory;
  const Path file = Path(directory.path()) / "mcp.json";
  REQUIRE(replace_file(file, "old", 0660));
  if (!set_list(directory.path(), "system.posix_acl_default")) {
    delegate_tests::skip_visibly("no access lists here");
    return;
  }
  REQUIRE(keep_and_replace(file, "old", "new"));
  CHECK(text_in(file) == "new");
  CHECK(permissions_of(file) == 0660);
  CHECK(::getxattr(file.c_str(), kAccess, nullptr, 0) < 0);

  REQUIRE(set_list(file, kAccess));  // a list of its own stays
  REQUIRE(keep_and_replace(file, "new", "newer"));
  std::string list(100, '\0');
  list.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::getxattr(file.c_str(), kAccess, list.data(), 100))));
  CHECK(list == list_with_another_user());
  CHECK(permissions_of(file) == 0660);
}

TEST_CASE("a file that has changed since it was read is not written to, with one name or several") {
  TemporaryDirectory directory;
  const Path file = Path(directory.path()) / "mcp.json";
  REQUIRE(replace_file(file, "of another program", 0600));
  for (const bool is_linked : {false, true}) {
    INFO(is_linked);
    if (is_linked) fs::create_hard_link(file, Path(directory.path()) / "other");
    const Status written = keep_and_replace(file, "what was read", "new");
    REQUIRE_FALSE(written);
    CHECK(written.error().code == Code::busy);
    CHECK(written.error().what == file.string() + ": was changed by another program meanwhile");
    CHECK(text_in(file) == "of another program");
    CHECK(files_in(directory.path()) == (is_linked ? 2 : 1));
  }
}

TEST_CASE("a file that appears while it is created is kept") {
  TemporaryDirectory directory;
  const Path file = Path(directory.path()) / "mcp.json";
  REQUIRE(create_file(file, "mine", 0644));
  CHECK(text_in(file) == "mine");
  CHECK(permissions_of(file) == 0644);
  const Status created = create_file(file, "new", 0600);
  REQUIRE_FALSE(created);
  CHECK(created.error().code == Code::busy);
  CHECK(text_in(file) == "mine");
  CHECK(files_in(directory.path()) == 1);
}

TEST_CASE("a file is removed only while it has the content that was read") {
  TemporaryDirectory directory;
  const Path file = Path(directory.path()) / "mcp.json";
  REQUIRE(replace_file(file, "of another program", 0640));
  const Status removed = remove_unchanged(file, "what was read");
  REQUIRE_FALSE(removed);
  CHECK(removed.error().code == Code::busy);
  CHECK(text_in(file) == "of another program");
  CHECK(permissions_of(file) == 0640);
  REQUIRE(remove_unchanged(file, "of another program"));
  CHECK(files_in(directory.path()) == 0);
  REQUIRE_FALSE(remove_unchanged(file, ""));
}

TEST_CASE("an interrupted change is reported with a way to restore the file, also if it has one name by now") {
  TemporaryDirectory directory;
  const Path file = Path(directory.path()) / "my file";
  const std::string backup = file.string() + ".delegate-backup";
  REQUIRE(replace_file(file, "half", 0600));
  CHECK(no_interrupted_change(file));
  REQUIRE(replace_file(backup, "whole", 0600));
  for (const Status& status : {no_interrupted_change(file), keep_and_replace(file, "half", "new")}) {
    REQUIRE_FALSE(status);
    CHECK(status.error().code == Code::permission_denied);
    CHECK(status.error().what == file.string() + ": an interrupted change left " + backup);
    CHECK(status.error().hint == "to restore the old content: cat '" + backup + "' > '" + file.string() +
                                     "'; then, or if the file is complete: rm '" + backup + "'");
  }
  CHECK(text_in(file) == "half");
  CHECK(text_in(backup) == "whole");
}

TEST_CASE("an error of a write in place removes the backup, a file with several names gets its whole content") {
  TemporaryDirectory directory;
  const Path file = Path(directory.path()) / "mcp.json";
  const std::string before(5000, 'a');
  REQUIRE(replace_file(file, before, 0600));
  fs::create_hard_link(file, Path(directory.path()) / "other");
  REQUIRE(keep_and_replace(file, before, "short"));
  CHECK(text_in(Path(directory.path()) / "other") == "short");
  REQUIRE(keep_and_replace(file, "short", before + before));
  CHECK(text_in(Path(directory.path()) / "other") == before + before);
  CHECK(fs::hard_link_count(file) == 2);
  CHECK(files_in(directory.path()) == 2);
}
