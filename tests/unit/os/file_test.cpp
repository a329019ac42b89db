#include "core/os/file.hpp"
#include "core/os/file_system.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include "core/os/fd.hpp"

using namespace delegate;

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/delegate-test-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Path operator/(const std::string& name) const { return path_ / name; }

 private:
  Path path_;
};

mode_t mode_of(const Path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777;
}

ino_t inode_of(const Path& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_ino;
}

struct PipeEnds {
  PipeEnds() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read = Fd(ends[0]);
    write = Fd(ends[1]);
  }
  Fd read;
  Fd write;
};

}  // namespace

TEST_CASE("a file is read completely, whatever it contains") {
  const Folder directory;
  const std::string content = std::string("a\0b\xFF\n", 5) + std::string(100'000, 'x');
  std::ofstream(directory / "file") << content;
  CHECK(read_file(directory / "file").value() == content);
  CHECK(read_file(directory / "file", content.size()).value() == content);
}

TEST_CASE("an error names the file that cannot be read, and why") {
  const Folder directory;
  SECTION("missing") {
    const auto result = read_file(directory / "none");
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::not_found);
    CHECK(result.error().what == "read " + (directory / "none").string() + ": no such file or directory");
  }
  SECTION("a directory") {
    const auto result = read_file(directory / "");
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Code::invalid_argument);
    CHECK(result.error().what.find("is a directory") != std::string::npos);
  }
  SECTION("larger than allowed") {
    std::ofstream(directory / "file") << "12345";
    const auto result = read_file(directory / "file", 4);
    REQUIRE_FALSE(result);
    CHECK(result.error().what == "read " + (directory / "file").string() + ": more than 4 bytes");
  }
  SECTION("a device that never ends") { CHECK_FALSE(read_file("/dev/zero", 1u << 20)); }
}

TEST_CASE("a FIFO without a writer is empty and does not block") {
  const Folder directory;
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  CHECK(read_file(directory / "fifo").value().empty());
}

TEST_CASE("files of /proc, which claim to be empty, are read too") {
  CHECK_FALSE(read_file("/proc/self/stat").value().empty());
}

TEST_CASE("private directories are made with their parents, and made once") {
  const Folder directory;
  REQUIRE(make_private_directory(directory / "a/b/c/"));
  CHECK(mode_of(directory / "a") == 0700);
  CHECK(mode_of(directory / "a/b/c") == 0700);
  CHECK(make_private_directory(directory / "a/b/c"));
  std::ofstream(directory / "file") << "x";
  CHECK_FALSE(make_private_directory(directory / "file"));
  CHECK_FALSE(make_private_directory(directory / "file/below"));
}

TEST_CASE("many threads may make the same directory") {
  const Folder directory;
  std::atomic<int> made{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      if (make_private_directory(directory / "a/b/c/d/e")) ++made;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 8);
}

TEST_CASE("a private file is replaced as a whole, and not touched if nothing changes") {
  const Folder directory;
  const Path file = directory / "settings";
  REQUIRE(write_private_file(file, "one"));
  CHECK(mode_of(file) == 0600);
  const ino_t first = inode_of(file);
  REQUIRE(write_private_file(file, "one"));
  CHECK(inode_of(file) == first);
  const Fd reader(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  REQUIRE(write_private_file(file, "two, and longer"));
  CHECK(read_all(reader.get(), 100).value() == "one");  // a process that has it open keeps the complete old one
  CHECK(read_file(file).value() == "two, and longer");
  const std::filesystem::directory_iterator left(directory / "");
  CHECK(std::distance(begin(left), end(left)) == 1);
}

TEST_CASE("a file that cannot be written leaves nothing behind") {
  const Folder directory;
  CHECK_FALSE(write_private_file(directory / "none/file", "x"));
  REQUIRE(make_private_directory(directory / "taken"));
  CHECK_FALSE(write_private_file(directory / "taken", "x"));
  const std::filesystem::directory_iterator left(directory / "");
  CHECK(std::distance(begin(left), end(left)) == 1);
}

TEST_CASE("reading and writing wait for a non-blocking fd") {
  const PipeEnds pipe;
  for (const Fd* fd : {&pipe.read, &pipe.write}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
  const std::string content(1u << 20, 'y');
  bool written = false;
  std::thread writer([&, fd = ::dup(pipe.write.get())] {
    written = write_all(fd, content).has_value();
    ::close(fd);
  });
  const_cast<Fd&>(pipe.write).reset();
  const auto read = read_all(pipe.read.get(), 2u << 20);
  writer.join();
  CHECK(written);
  CHECK(read.value() == content);
}

TEST_CASE("writing to a closed pipe is an error and not a signal") {
  static std::atomic<int> signals;
  signals = 0;
  const auto before = std::signal(SIGPIPE, [](int) { ++signals; });
  PipeEnds pipe;
  pipe.read.reset();
  const Status result = write_all(pipe.write.get(), "x");
  std::signal(SIGPIPE, before);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Code::closed);
  CHECK(signals == 0);
}

TEST_CASE("the owner and mode of a file, and the free space of its file system, are known") {
  const Path path = std::filesystem::temp_directory_path() / ("delegate-mode-" + std::to_string(::getpid()));
  REQUIRE(write_private_file(path, "x"));
  CHECK(file_mode(path)->is_own);
  CHECK(file_mode(path)->permissions == 0600);
  ::chmod(path.c_str(), 0644);
  CHECK(file_mode(path)->permissions == 0644);
  CHECK(file_system_of(path)->free > 0);
  std::filesystem::remove(path);
  CHECK(file_mode(path).error().code == Code::not_found);
  CHECK(file_system_of(path).error().code == Code::not_found);
  const auto memory = file_system_of("/dev/shm");
  if (memory && !memory->name.empty()) CHECK(memory->is_memory);
  CHECK_FALSE(file_system_of("/proc")->is_remote);
}

TEST_CASE("a path has last changed when another file may have come to be there, whatever that file says of itself") {
  const Path directory = std::filesystem::temp_directory_path() / ("delegate-changed-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const Path path = directory / "file";
  const auto set_back = [](const Path& file) {  // as `cp -p` of an old file does
    std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(24));
  };
  const auto start = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch() - std::chrono::seconds(10));  // the kernel's clock is coarse
  SECTION("a file that was written or moved there") {
    std::ofstream(directory / "other") << "x";
    set_back(directory / "other");
    std::filesystem::rename(directory / "other", path);
  }
  SECTION("a link that was set anew") { std::filesystem::create_symlink("/etc/hostname", path); }
  SECTION("a broken link") { std::filesystem::create_symlink("nowhere", path); }
  SECTION("a file that was deleted") {
    std::ofstream(path) << "x";
    set_back(path);
    std::filesystem::remove(path);
  }
  REQUIRE(last_changed(path).has_value());
  CHECK(*last_changed(path) >= start);
  CHECK_FALSE(last_changed(directory / "no" / "such").has_value());
  std::filesystem::remove_all(directory);
}
