// The CLI of the load campaign: counts itself and the others of its kind, waits, and answers with the number in its
// prompt. counting_cli DIRECTORY NAME MILLISECONDS
//
// Each one locks a byte of DIRECTORY/locks until its end. The kernel releases the lock however it ends, so a CLI that
// was killed does not count, and one whose delegate was killed does. While it counts, byte 0 keeps other CLIs from
// starting: those that it finds ran all at the same instant.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr int kPlaces = 1000;
constexpr useconds_t kGateCheck = 20'000;

struct flock byte(int at, short type) {
  struct flock lock = {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = at;
  lock.l_len = 1;
  return lock;
}

bool change(int fd, int command, int at, short type) {
  struct flock lock = byte(at, type);
  return ::fcntl(fd, command, &lock) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string prompt;
  char buffer[4096];
  for (ssize_t size; (size = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0;)
    prompt.append(buffer, static_cast<std::size_t>(size));
  const char* attempt = std::getenv("DELEGATE_RUN_ID");  // ID.NUMBER
  if (argc != 4 || attempt == nullptr || ::chdir(argv[1]) != 0) return 64;
  const std::string name = argv[2];
  const std::string run = std::string(attempt).substr(0, std::string(attempt).find('.'));

  const int locks = ::open("locks", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const int log = ::open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (!change(locks, F_SETLKW, 0, F_WRLCK)) return 65;
  int mine = 0;
  int at_once = 1;
  std::string pids = std::to_string(::getpid());
  for (int at = 1; at <= kPlaces; ++at) {
    struct flock lock = byte(at, F_WRLCK);
    ::fcntl(locks, F_GETLK, &lock);
    if (lock.l_type != F_UNLCK) ++at_once, pids += "," + std::to_string(lock.l_pid);
    else if (mine == 0) mine = at;
  }
  if (mine == 0 || !change(locks, F_SETLK, mine, F_WRLCK)) return 66;
  const std::string line = name + " " + run + " " + std::to_string(at_once) + " " + pids + "\n";
  if (::write(log, line.data(), line.size()) < 0) return 67;
  change(locks, F_SETLK, 0, F_UNLCK);

  while (::access("gate", F_OK) == 0) ::usleep(kGateCheck);
  ::usleep(static_cast<useconds_t>(1000 * std::atoi(argv[3])));
  if (::access(name.c_str(), F_OK) == 0) {  // a file with the name of the backend: it is dead
    std::fputs("it is broken\n", stderr);
    return 3;
  }
  const std::size_t number = prompt.find("number ");
  std::printf("answer to %s\n", number == std::string::npos ? "?" : prompt.c_str() + number + 7);
  return 0;
}
