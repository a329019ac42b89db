/* The least that any program must do to ask a CLI: pipe in, pipe out, wait. */
#ifndef DELEGATE_TESTS_BENCH_CLI_CALL_H
#define DELEGATE_TESTS_BENCH_CLI_CALL_H

#include <fcntl.h>
#include <spawn.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

/* Returns the exit code of the CLI, or -1. *length is the size of `answer`, then that of what was read. */
static int call_cli(char** argv, const char* prompt, size_t prompt_length, char* answer, size_t* length) {
  int in[2], out[2], status = 1;
  size_t filled = 0;
  ssize_t count;
  pid_t pid;
  posix_spawn_file_actions_t actions;
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0) return -1;
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]);
  close(out[1]);
  if (write(in[1], prompt, prompt_length) < 0) return -1;
  close(in[1]);
  while (filled < *length && (count = read(out[0], answer + filled, *length - filled)) > 0) filled += (size_t)count;
  close(out[0]);
  *length = filled;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
