#include "core/os/checked_file.hpp"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/helpers/skip.hpp"
#include "tests/unit/os/fake_child.hpp"

// A file that may name programs is read if no user of the machine can change it uninvited. Ordinary ways to keep such a
// file are no reason to refuse it.
using namespace delegate;
using delegate_tests::TemporaryDirectory;

namespace {

constexpr uid_t kPerson = 65534, kOther = 65533;

struct Home {
  TemporaryDirectory place;
  std::string config = place / "home/.config";
  std::string directory = config + "/delegate";
  std::string file = directory + "/delegate.toml";

  Home() {
    REQUIRE(make_private_directory(directory));
    REQUIRE(write_private_file(file, "text"));
  }
  void mode(const std::string& path, mode_t mode) { REQUIRE(::chmod(path.c_str(), mode) == 0); }
  void give(const std::string& path, uid_t user, gid_t group) { REQUIRE(::lchown(path.c_str(), user, group) == 0); }
  /// All of it to the person, readable by all, as far as `place` allows.
  void give_all() {
    REQUIRE(::chmod(place.path().c_str(), 0755) == 0);
    for (const std::string& path : {std::string(place / "home"), config, directory, file}) {
      give(path, kPerson, kPerson);
      mode(path, path == file ? 0644 : 0755);
    }
  }
};

bool is_accepted(const std::string& path) {
  const auto file = read_checked_file(path, 1000);
  return file && file->text == "text" && file->sharers.empty();
}

bool is_shared(const std::string& path, const std::string& sharer) {
  const auto file = read_checked_file(path, 1000);
  if (!file || file->text != "text") return false;
  for (const std::string& one : file->sharers)
    if (one.find(sharer) != std::string::npos) return true;
  return false;
}

bool is_refused_as_open(const std::string& path, const std::string& why) {
  const auto file = read_checked_file(path, 1000);
  return !file && file.error().code == Code::permission_denied && file.error().what.find(why) != std::string::npos &&
         !file.error().hint.empty() && !check_not_open_to_all(path);
}

template <class Work>
bool as_the_person(Work work) {
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) ::_exit(::setgid(kPerson) == 0 && ::setuid(kPerson) == 0 && work() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  return status == 0;
}

bool is_root() {
  if (::geteuid() == 0) return true;
  delegate_tests::skip_visibly("only root can act as several users");
  return false;
}

}  // namespace

TEST_CASE("a file with usual permissions is read, also with the umask 002 of a group of one's own") {
  Home home;
  for (const auto& [file, directory] : {std::pair<mode_t, mode_t>{0600, 0700}, {0644, 0755}, {0664, 0775}}) {
    CAPTURE(file, directory);
    home.mode(home.file, file);
    home.mode(home.directory, directory);
    home.mode(home.config, directory);
    CHECK(is_accepted(home.file));
    CHECK(check_not_open_to_all(home.file));
  }
}

TEST_CASE("a file that every user can write to or exchange is refused, with what to do") {
  Home home;
  SECTION("the file") {
    home.mode(home.file, 0666);
    CHECK(is_refused_as_open(home.file, "every user of this machine can write to it"));
  }
  SECTION("its directory") {
    home.mode(home.directory, 0777);
    CHECK(is_refused_as_open(home.file, "all can write to " + home.directory));
  }
  SECTION("the directory around that") {
    home.mode(home.config, 0777);
    CHECK(is_refused_as_open(home.file, "all can write to " + home.config));
  }
  SECTION("where a link leads") {
    const std::string elsewhere = home.place / "elsewhere";
    REQUIRE(make_private_directory(elsewhere));
    std::filesystem::rename(home.file, elsewhere + "/it.toml");
    std::filesystem::create_symlink(elsewhere + "/it.toml", home.file);
    CHECK(is_accepted(home.file));
    home.mode(elsewhere, 0777);
    CHECK(is_refused_as_open(home.file, "all can write to " + elsewhere));
    home.mode(elsewhere, 01777);
    CHECK(is_accepted(home.file));
  }
}

TEST_CASE("links of a repository of dotfiles are followed, to the file or to its directory") {
  Home home;
  const std::string dotfiles = home.place / "home/dotfiles";
  REQUIRE(make_private_directory(dotfiles));
  SECTION("the file") {
    std::filesystem::rename(home.file, dotfiles + "/delegate.toml");
    std::filesystem::create_symlink("../../dotfiles/delegate.toml", home.file);
  }
  SECTION("the directory") {
    std::filesystem::rename(home.directory, dotfiles + "/delegate");
    std::filesystem::create_directory_symlink("../dotfiles/delegate", home.directory);
  }
  CHECK(is_accepted(home.file));
}

TEST_CASE("a store of root's is used, and so are files that root or a mount has put there for the person") {
  if (!is_root()) return;
  Home home;
  home.give_all();
  SECTION("a link to a file that only root can change, as on NixOS") {
    const std::string store = home.place / "store";
    REQUIRE(make_private_directory(store));
    REQUIRE(write_private_file(store + "/x.toml", "text"));
    home.mode(store + "/x.toml", 0444);
    home.mode(store, 0555);
    std::filesystem::remove(home.file);
    std::filesystem::create_symlink(store + "/x.toml", home.file);
    CHECK(as_the_person([&] { return is_accepted(home.file); }));
  }
  SECTION("a mounted file with the number of another user, as in a container") {
    home.give(home.file, kOther, kOther);
    CHECK(as_the_person([&] { return is_shared(home.file, "it belongs to user 65533"); }));
  }
  SECTION("a whole home of another number, as over NFS without the names of users") {
    for (const std::string& path : {std::string(home.place / "home"), home.config, home.directory, home.file})
      home.give(path, kOther, kOther);
    CHECK(as_the_person([&] { return is_shared(home.file, "its directory belongs to user 65533"); }));
  }
  SECTION("root with the home of a person, as with sudo") { CHECK(is_shared(home.file, "it belongs to user 65534")); }
  SECTION("a group of several persons") {
    home.give(home.file, kPerson, 12345);
    home.mode(home.file, 0664);
    CHECK(as_the_person([&] { return is_shared(home.file, "group 12345 can write to it"); }));
  }
}

TEST_CASE("on a read-only mount, permissions are no reason to refuse a file") {
  if (!is_root()) return;
  Home home;  // as a ConfigMap of Kubernetes
  home.mode(home.directory, 0777);
  home.mode(home.file, 0666);
  CHECK_FALSE(is_accepted(home.file));
  const char* directory = home.directory.c_str();
  const pid_t pid = ::fork();
  REQUIRE(pid >= 0);
  if (pid == 0) {
    const bool is_mounted = ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                            ::mount(directory, directory, nullptr, MS_BIND, nullptr) == 0 &&
                            ::mount(nullptr, directory, nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0;
    ::_exit(!is_mounted ? 2 : is_accepted(home.file) ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  if (WEXITSTATUS(status) == 2) return delegate_tests::skip_visibly("nothing can be mounted here");
  CHECK(status == 0);
}

TEST_CASE("what another user has put into a directory like /tmp is refused") {
  if (!is_root()) return;
  Home home;
  home.give_all();
  const std::string shared = home.place / "shared";
  REQUIRE(make_private_directory(shared));
  home.mode(shared, 01777);
  const std::string theirs = shared + "/delegate";
  SECTION("a directory") {
    REQUIRE(make_private_directory(theirs));
    REQUIRE(write_private_file(theirs + "/delegate.toml", "text"));
    home.give(theirs + "/delegate.toml", kOther, kOther);
    home.mode(theirs + "/delegate.toml", 0644);
    home.mode(theirs, 0755);
  }
  SECTION("a link to the person's own") { std::filesystem::create_directory_symlink(home.directory, theirs); }
  home.give(theirs, kOther, kOther);
  CHECK(as_the_person([&] { return is_refused_as_open(theirs + "/delegate.toml", "another user has put it"); }));
  CHECK(is_refused_as_open(theirs + "/delegate.toml", "another user has put it"));
}

TEST_CASE("pipes and devices are read without a check, and what is missing or a directory is an error") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  REQUIRE(::write(ends[1], "text", 4) == 4);
  ::close(ends[1]);
  CHECK(is_accepted("/dev/fd/" + std::to_string(ends[0])));
  ::close(ends[0]);
  CHECK(read_checked_file("/dev/null", 10)->text.empty());
  const int memory = ::memfd_create("configuration", 0);
  REQUIRE(::write(memory, "text", 4) == 4);
  CHECK(is_accepted("/proc/self/fd/" + std::to_string(memory)));
  ::close(memory);
  Home home;
  CHECK(read_checked_file(home.directory, 10).error().what.find("read " + home.directory) == 0);
  CHECK(read_checked_file(home.file + "x", 10).error().code == Code::not_found);
  CHECK(read_checked_file(home.file, 3).error().what.find("read " + home.file + ": more than 3 bytes") == 0);
  CHECK(check_not_open_to_all(home.file + "x"));
}
