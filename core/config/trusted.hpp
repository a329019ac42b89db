#pragma once
#include <string>
#include <vector>

#include "core/config/load.hpp"
#include "core/os/file.hpp"

// The project files that the user trusts, each by path and exact content. A changed file is untrusted again. The list
// is in a private file that no project can write to.
namespace delegate {

struct TrustedFile {
  std::string path;
  std::string text;
  std::string since;  // RFC 3339
};

/// All of them; none if `store` does not exist or is the empty path. Fails if it is damaged or other users could have
/// written it; then no file is trusted.
Result<std::vector<TrustedFile>> read_trusted(const Path& store);

ProjectTrust trust_of(const std::vector<TrustedFile>& trusted, const ConfigFile& file);

/// Trusts the file, replacing an earlier content at the same path. Several processes may write at the same time.
Status remember(const Path& store, TrustedFile file);
/// False: no file was trusted at this path.
Result<bool> forget(const Path& store, const std::string& path);

}  // namespace delegate
