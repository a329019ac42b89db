#include "core/base/ids.hpp"

namespace delegate {

std::string make_run_id(std::chrono::milliseconds wall, std::uint64_t chance) {
  constexpr char kDigits[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford base32: no i, l, o, u
  constexpr std::size_t kTimeDigits = 9;                          // 45 bits of milliseconds: until the year 3084
  constexpr std::size_t kChanceDigits = 7;
  std::string id(kTimeDigits + kChanceDigits, '0');
  auto time = static_cast<std::uint64_t>(wall.count());
  for (std::size_t i = 0; i < kChanceDigits; ++i, chance /= 32) id[i] = kDigits[chance % 32];
  for (std::size_t i = id.size(); i-- > kChanceDigits; time /= 32) id[i] = kDigits[time % 32];
  return id;
}

}  // namespace delegate
