/* The floor of `delegate mcp`: `minimal_mcp CLI`. Reads one message a line, and answers `initialize`, `tools/list` and
   `tools/call`, for which it asks the CLI. It knows no more of JSON than the messages of the benchmark need. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_call.h"

static char message[65536], answer[4096], reply[16384];

static int has_method(const char* name) {
  const char* method = strstr(message, "\"method\":\"");
  return method != NULL && strncmp(method + 10, name, strlen(name)) == 0;
}

static void send_result(long id, const char* result) {
  const int length =
      snprintf(reply, sizeof reply, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":%s}\n", id, result);
  if (write(1, reply, (size_t)length) != length) exit(1);
}

static void call_tool(long id, char** cli) {
  static char result[8192];
  size_t length = sizeof answer - 1;
  const char* prompt = strstr(message, "\"prompt\":\"");
  prompt = prompt == NULL ? "" : prompt + 10;
  if (call_cli(cli, prompt, strcspn(prompt, "\""), answer, &length) != 0) exit(1);
  answer[length] = '\0';
  answer[strcspn(answer, "\n")] = '\0';
  snprintf(result, sizeof result, "{\"content\":[{\"type\":\"text\",\"text\":\"%s\"}],\"isError\":false}", answer);
  send_result(id, result);
}

int main(int argc, char** argv) {
  size_t filled = 0;
  ssize_t count;
  if (argc != 2) return 2;
  while ((count = read(0, message + filled, sizeof message - 1 - filled)) > 0) {
    filled += (size_t)count;
    message[filled] = '\0';
    for (char* end; (end = strchr(message, '\n')) != NULL;) {
      *end = '\0';
      const char* number = strstr(message, "\"id\":");
      const long id = number == NULL ? -1 : strtol(number + 5, NULL, 10);
      if (has_method("initialize\""))
        send_result(id, "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{\"tools\":{}},"
                        "\"serverInfo\":{\"name\":\"minimal\",\"version\":\"1\"}}");
      if (has_method("tools/list\""))
        send_result(id, "{\"tools\":[{\"name\":\"ask\",\"inputSchema\":{\"type\":\"object\"}}]}");
      if (has_method("tools/call\"")) call_tool(id, argv + 1);
      filled -= (size_t)(end + 1 - message);
      memmove(message, end + 1, filled + 1);
    }
  }
  return 0;
}
