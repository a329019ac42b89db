#include <elf.h>

#include <catch2/catch.hpp>

#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

// What the release binary needs at start: each shared library costs every start, and a machine without it cannot start
// it at all.
namespace {

using Names = std::set<std::string>;

template <class Record>
std::optional<Record> record_at(const std::string& bytes, std::size_t at) {
  Record record;
  if (at > bytes.size() || bytes.size() - at < sizeof record) return std::nullopt;
  std::memcpy(&record, bytes.data() + at, sizeof record);
  return record;
}

std::optional<Elf64_Shdr> section(const std::string& bytes, const Elf64_Ehdr& header, std::size_t index) {
  return record_at<Elf64_Shdr>(bytes, header.e_shoff + index * header.e_shentsize);
}

/// The names in a dynamic section; nothing when it leads out of the file.
std::optional<Names> names_in(const std::string& bytes, const Elf64_Shdr& dynamic, const Elf64_Shdr& strings) {
  Names names;
  for (std::size_t at = dynamic.sh_offset; at < dynamic.sh_offset + dynamic.sh_size; at += sizeof(Elf64_Dyn)) {
    const auto entry = record_at<Elf64_Dyn>(bytes, at);
    if (!entry) return std::nullopt;
    if (entry->d_tag == DT_NULL) break;
    if (entry->d_tag != DT_NEEDED) continue;
    const std::size_t name = strings.sh_offset + entry->d_un.d_val;
    if (name >= bytes.size()) return std::nullopt;
    names.insert(bytes.c_str() + name);
  }
  return names;
}

/// The DT_NEEDED entries of a 64-bit ELF file; nothing when it is none.
std::optional<Names> needed_libraries(const std::string& bytes) {
  const auto header = record_at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
    return std::nullopt;
  for (std::size_t i = 0; i < header->e_shnum; ++i) {
    const auto dynamic = section(bytes, *header, i);
    if (!dynamic) return std::nullopt;
    if (dynamic->sh_type != SHT_DYNAMIC) continue;
    const auto strings = section(bytes, *header, dynamic->sh_link);
    return strings ? names_in(bytes, *dynamic, *strings) : std::nullopt;
  }
  return Names{};  // linked statically
}

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

Names beyond(const Names& needed) {
  const Names allowed{"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"};
  Names more;
  for (const std::string& name : needed)
    if (allowed.count(name) == 0) more.insert(name);
  return more;
}

}  // namespace

#ifdef DELEGATE_RELEASE_BINARY  // a build as it is released; others link more libraries and do not have this test
TEST_CASE("the release binary needs libc, libm and the loader alone") {
  const auto needed = needed_libraries(contents(DELEGATE_RELEASE_BINARY));
  REQUIRE(needed.has_value());
  CHECK(needed->count("libc.so.6") == 1);
  CHECK(beyond(*needed) == Names{});
}
#endif

TEST_CASE("needed libraries are read from an ELF file") {
  const auto needed = needed_libraries(contents("/proc/self/exe"));
  REQUIRE(needed.has_value());
  CHECK(needed->count("libc.so.6") == 1);
}

TEST_CASE("a library beyond the allowed ones is found") {
  CHECK(beyond({"libc.so.6", "libm.so.6"}) == Names{});
  CHECK(beyond({"libc.so.6", "libcurl.so.4", "libstdc++.so.6"}) == Names{"libcurl.so.4", "libstdc++.so.6"});
}

TEST_CASE("no libraries are read from a file that is not ELF") {
  CHECK_FALSE(needed_libraries("").has_value());
  CHECK_FALSE(needed_libraries("#!/bin/sh\n").has_value());
  std::string cut = contents("/proc/self/exe").substr(0, 200);
  CHECK_FALSE(needed_libraries(cut).has_value());
}
