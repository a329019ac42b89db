#include <catch2/catch.hpp>

#include "backends/ollama_host.hpp"

using namespace delegate;

TEST_CASE("OLLAMA_HOST means what it means to Ollama itself") {
  struct Row {
    const char* host;
    const char* url;
  };
  const Row rows[] = {
      {"", "http://127.0.0.1:11434"},
      {"1.2.3.4", "http://1.2.3.4:11434"},
      {"1.2.3.4:1234", "http://1.2.3.4:1234"},
      {":1234", "http://127.0.0.1:1234"},
      {"host", "http://host:11434"},
      {"host:80", "http://host:80"},
      {"localhost", "http://localhost:11434"},
      {"[::1]", "http://[::1]:11434"},
      {"::1", "http://[::1]:11434"},
      {"[::1]:1337", "http://[::1]:1337"},
      {"[2001:db8::7]", "http://[2001:db8::7]:11434"},
      {"http://h", "http://h:80"},
      {"https://h", "https://h:443"},
      {"HTTPS://h", "https://h:443"},
      {"http://h:8080", "http://h:8080"},
      {"https://h/prefix", "https://h:443/prefix"},
      {"https://h:8443/a/b/", "https://h:8443/a/b"},
      {"h/prefix", "http://h:11434/prefix"},
      {"http://[::1]:8080/prefix", "http://[::1]:8080/prefix"},
      {"h:66000", "http://h:11434"},
      {"h:-1", "http://h:11434"},
      {"h:text", "http://h:11434"},
      {"h:", "http://h:11434"},
      {"https://h:66000", "https://h:443"},
      {"ollama.com", "https://ollama.com:443"},
      {"0.0.0.0", "http://127.0.0.1:11434"},
      {"0.0.0.0:1234", "http://127.0.0.1:1234"},
      {"http://0.0.0.0:1234", "http://127.0.0.1:1234"},
      {"::", "http://[::1]:11434"},
      {"[::]", "http://[::1]:11434"},
      {"[::]:1234", "http://[::1]:1234"},
      {" host ", "http://host:11434"},
      {"\"host:1234\"", "http://host:1234"},
      {" 'host' ", "http://host:11434"},
      {"http://", "http://127.0.0.1:80"},
      {"[::1", "http://[::1]:11434"},
      {"[]", "http://127.0.0.1:11434"},
      {"me:secret@h", "http://me:secret@h:11434"},
      {"https://me:p@ss@[::1]:1/prefix", "https://me:p@ss@[::1]:1/prefix"},
  };
  for (const Row& row : rows) {
    INFO(row.host);
    CHECK(ollama_base_url(row.host) == row.url);
  }
}
