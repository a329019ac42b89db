#pragma once
#include <map>
#include <string>

// Made-up keys with the shapes of real ones. They are assembled here, so that a secret scanner does not report the
// tests as a leak.
namespace delegate::test {

using Variables = std::map<std::string, std::string>;

inline const std::string kPem =
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7c9x\nq0lO4p==\n-----END RSA PRIVATE KEY-----";

inline std::string key(const std::string& prefix, std::size_t length) {
  static const std::string kTail = "4f8Zq1Lw7Xc2Vb9Nm3Kj6Hg5Fd0Sa8Po1Iu2Yt3Re4Wq5Zx6Cv7Bn8Mk9Lp0";
  return prefix + kTail.substr(0, length);
}

/// The same of capitals and digits, and of hexadecimal digits.
inline std::string capitals(const std::string& prefix, std::size_t length) {
  static const std::string kTail = "4Q7ZFAKE2LW5XC6VB7NM3KJ6HG5FD2SA4PO3IU2YT3RE4WQ5ZX6CV7BN8MK9";
  return prefix + kTail.substr(0, length);
}
inline std::string hex(const std::string& prefix, std::size_t length) {
  std::string out = prefix;
  while (out.size() < prefix.size() + length) out += "0fa4e5ecd1";
  return out.substr(0, prefix.size() + length);
}

}  // namespace delegate::test
