#include "core/state/codec.hpp"

#include "tests/fuzz/property.hpp"

// A stored state that anybody may have written: read or refused, and what was read is written down the same for ever.
using namespace delegate;

int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto state = decode(fuzz::text_of(bytes, size));
  if (!state) {
    fuzz::hold(state.error().code == Code::data_loss, "what cannot be read is damage");
    return 0;
  }
  const std::string written = encode(*state);
  const auto again = decode(written);
  fuzz::hold(again.has_value(), "what was written can be read");
  fuzz::hold(encode(*again) == written, "reading and writing changes nothing");
  return 0;
}
