#pragma once
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/os/fd.hpp"

// By number, because glibc 2.36 declares the wrappers without C linkage.
namespace delegate {

/// Refers to this very process for as long as it is held, also when the pid is used again. Close-on-exec.
inline Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

inline bool send_signal(const Fd& pidfd, int signal) {
  return ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) == 0;
}

}  // namespace delegate
