#include "core/base/redact.hpp"

#include "tests/fuzz/property.hpp"

// The first two lines are secrets, the rest is what is to be cleaned of them.
using namespace delegate;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view all = fuzz::text_of(bytes, size);
  const auto parts = split(all, '\n');
  const std::string first(trim(parts[0]));
  const std::string second(parts.size() > 1 ? trim(parts[1]) : "");
  const std::string text(all.substr(std::min(all.size(), first.size() + second.size())));
  const Redactor redact({{"A_TOKEN", first}, {"B_SECRET", second}, {"PROXY", "http://" + second + "@host"}});
  const std::string once = redact(text + first + " " + second);
  const std::string mask = "[redacted]";
  for (const std::string& secret : {first, second}) {
    const bool is_secret = secret.size() >= 8 && !secret.starts_with('/') && !secret.starts_with('~');
    // A value that the mask itself is made of cannot be hidden by it.
    const bool is_mask = mask.find(secret) != std::string::npos || secret.find(mask) != std::string::npos;
    const bool reaches_in = secret.find('[') != std::string::npos || secret.find(']') != std::string::npos;
    if (is_secret && !is_mask && !reaches_in) fuzz::hold(once.find(secret) == std::string::npos, "no secret is left");
  }
  fuzz::hold(redact(once) == once, "what is clean stays as it is");
  fuzz::hold(!redact.finds_secret(once), "nothing is found in what is clean");
  return 0;
}
