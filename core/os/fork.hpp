#pragma once
#include <csignal>
#include <string>
#include <vector>

// What every fork of this program needs.
namespace delegate {

/// While it lives, none of our handlers can run, in a forked process either.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/// Nothing is at stdin, stdout and stderr any more: whoever waits for their end must not wait for this process. System
/// calls only: for use after a fork.
void let_go_of_standard_streams();

/// Closes all of these numbers that are open. System calls only: for use after a fork.
void close_from_to(unsigned first, unsigned last);

/// The array that exec wants, borrowed from the strings.
inline std::vector<char*> exec_array(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (const std::string& text : strings) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace delegate
