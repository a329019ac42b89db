#pragma once
#include <string>
#include <vector>

#include "core/config/load.hpp"
#include "core/os/file.hpp"

// Which projects' files the person has agreed to: each by its place and by every byte of it. A file that changes is
// untrusted again. Kept in a private file that no project can reach.
namespace delegate {

struct TrustedFile {
  std::string path;
  std::string text;
  std::string since;  // RFC 3339
};

/// All of them; none when `store` is not there, or is the empty path. Fails when it is damaged or others could have
/// written it: then nothing is trusted.
Result<std::vector<TrustedFile>> read_trusted(const Path& store);

ProjectTrust trust_of(const std::vector<TrustedFile>& trusted, const ConfigFile& file);

/// Remembers the file in place of what was trusted there before. Several may write at the same time.
Status remember(const Path& store, TrustedFile file);
/// False: nothing was trusted there.
Result<bool> forget(const Path& store, const std::string& path);

}  // namespace delegate
