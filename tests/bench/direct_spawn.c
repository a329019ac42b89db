/* The floor of `delegate ask`: `direct_spawn PROMPT CLI`. */
#define _GNU_SOURCE
#include <string.h>

#include "cli_call.h"

int main(int argc, char** argv) {
  char answer[4096];
  size_t length = sizeof answer;
  if (argc != 3) return 2;
  const int status = call_cli(argv + 2, argv[1], strlen(argv[1]), answer, &length);
  if (write(1, answer, length) != (ssize_t)length) return 3;
  return status < 0 ? 4 : status;
}
