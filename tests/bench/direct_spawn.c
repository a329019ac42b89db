/* The least that any program must do to ask a CLI: pipe in, pipe out, wait. `direct_spawn PROMPT CLI`. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

int main(int argc, char** argv) {
  int in[2], out[2], status = 1;
  char buffer[4096];
  ssize_t count;
  pid_t pid;
  posix_spawn_file_actions_t actions;
  if (argc != 3 || pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) return 2;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  if (posix_spawn(&pid, argv[2], &actions, NULL, argv + 2, environ) != 0) return 3;
  close(in[0]);
  close(out[1]);
  if (write(in[1], argv[1], strlen(argv[1])) < 0) return 4;
  close(in[1]);
  while ((count = read(out[0], buffer, sizeof buffer)) > 0)
    if (write(1, buffer, (size_t)count) != count) return 5;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 6;
}
