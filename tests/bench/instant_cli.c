/* The fastest CLI there can be: reads its prompt, prints one line, ends. Also the minimal program beside `--version`. */
#include <unistd.h>

int main(void) {
  char buffer[4096];
  while (read(0, buffer, sizeof buffer) > 0) continue;
  return write(1, "pong\n", 5) == 5 ? 0 : 1;
}
