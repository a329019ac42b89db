/* `usage FILE COMMAND...`: runs it and appends to the file how many page faults it took, with the children that it
   waited for, and the peak memory of the largest of these processes in KiB. A program of its own, and linked
   statically, because a peak begins with that of the process that forks. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char** argv) {
  int status = 1;
  struct rusage used;
  if (argc < 3) return 2;
  const pid_t child = fork();
  if (child == 0) {
    execv(argv[2], argv + 2);
    _exit(127);
  }
  if (child < 0 || wait4(child, &status, 0, &used) != child) return 3;
  FILE* const file = fopen(argv[1], "a");
  if (file == NULL) return 4;
  fprintf(file, "%ld %ld\n", used.ru_minflt + used.ru_majflt, used.ru_maxrss);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 5;
}
