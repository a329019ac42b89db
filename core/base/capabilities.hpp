#pragma once
#include <array>
#include <cstddef>
#include <initializer_list>
#include <string_view>
#include <vector>

namespace delegate {

/// What a backend can do, apart from answering: a fact of its kind.
enum class Capability {
  read_files,       // below the directory of the call
  write_files,      // if the request allows it, as all that follows from it
  run_commands,     // likewise
  resume_sessions,  // continue an earlier conversation
  stream,           // its answer arrives while it is being written
  take_schema,      // give its answer the form that a JSON schema describes
};
inline constexpr std::array<std::string_view, 6> kCapabilityNames{"read_files",      "write_files", "run_commands",
                                                                  "resume_sessions", "stream",      "take_schema"};
constexpr std::string_view to_string(Capability capability) {
  return kCapabilityNames[static_cast<std::size_t>(capability)];
}

class Capabilities {
 public:
  constexpr Capabilities() = default;
  constexpr Capabilities(std::initializer_list<Capability> all) {
    for (const Capability one : all) add(one);
  }
  constexpr void add(Capability capability) { bits_ |= bit(capability); }
  constexpr bool has(Capability capability) const { return (bits_ & bit(capability)) != 0; }
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> out;
    for (std::size_t i = 0; i < kCapabilityNames.size(); ++i)
      if (has(static_cast<Capability>(i))) out.push_back(kCapabilityNames[i]);
    return out;
  }
  bool operator==(const Capabilities&) const = default;

 private:
  static constexpr unsigned bit(Capability capability) { return 1u << static_cast<unsigned>(capability); }
  unsigned bits_ = 0;
};

}  // namespace delegate
