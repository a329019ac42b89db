// How long `delegate runs` takes with a long history. `history DELEGATE DIRECTORY [RUNS]`: fills a state file there
// (once), then times the command as a shell would start it.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/aged_state.hpp"

namespace {

namespace fs = std::filesystem;

double once(const std::vector<std::string>& words, const std::string& directory) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto begun = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, 1);
    const std::string state = "XDG_STATE_HOME=" + directory;
    const std::string home = "HOME=" + directory;
    char* environment[] = {const_cast<char*>(state.c_str()), const_cast<char*>(home.c_str()), nullptr};
    ::execve(argv[0], argv.data(), environment);
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) std::fprintf(stderr, "history: it failed\n");
  const auto took = std::chrono::steady_clock::now() - begun;
  return std::chrono::duration<double, std::milli>(took).count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: history DELEGATE DIRECTORY [RUNS]\n");
    return 64;
  }
  const std::string program = argv[1];
  const std::string directory = argv[2];
  const long runs = argc > 3 ? std::strtol(argv[3], nullptr, 10) : 1'000'000;
  fs::create_directories(directory + "/delegate");
  delegate::bench::fill_history(directory + "/delegate/state.db", runs);
  const std::vector<std::vector<std::string>> questions{
      {"--version"},
      {"runs"},
      {"runs", "-b", "gemini"},
      {"runs", "-b", "old"},
      {"runs", "--outcome", "timed_out"},
      {"runs", "--outcome", "refused_by_policy"},
      {"runs", "-b", "codex", "--outcome", "timed_out"},
      {"runs", "-b", "claude", "--outcome", "rate_limited", "--since", "30d"},
      {"runs", "--since", "1h"},
      {"runs", "-n", "1000"},
      {"runs", "1m00000000500000"},
      {"runs", "--totals"},
      {"runs", "--totals", "--since", "400d"},
      {"status"}};
  for (const auto& question : questions) {
    std::vector<std::string> words{program};
    std::string shown = "delegate";
    for (const std::string& word : question) words.push_back(word), shown += " " + word;
    std::vector<double> took;
    for (int i = 0; i < 7; ++i) took.push_back(once(words, directory));
    std::sort(took.begin(), took.end());
    std::printf("%9.2f ms  %s\n", took[took.size() / 2], shown.c_str());
  }
  return 0;
}
