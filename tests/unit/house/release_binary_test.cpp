#include <elf.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

// What the release binary needs at start (each shared library costs every start, and a machine without it cannot start
// it at all), and how it is hardened.
namespace {

using Names = std::set<std::string>;

/// Of a 64-bit ELF file.
struct Elf {
  Names needed;             // libraries
  Names symbols;            // dynamic ones, without versions
  std::uint64_t flags = 0;  // DF_…
  std::vector<Elf64_Phdr> segments;
};

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

/// False: a name or record leads out of the file.
bool add_dynamic(Elf& elf, const std::string& bytes, const Elf64_Shdr& dynamic, const Elf64_Shdr& strings) {
  for (std::size_t at = dynamic.sh_offset; at < dynamic.sh_offset + dynamic.sh_size; at += sizeof(Elf64_Dyn)) {
    const auto entry = record_at<Elf64_Dyn>(bytes, at);
    if (!entry) return false;
    if (entry->d_tag == DT_NULL) break;
    if (entry->d_tag == DT_FLAGS) elf.flags = entry->d_un.d_val;
    if (entry->d_tag != DT_NEEDED) continue;
    const std::size_t name = strings.sh_offset + entry->d_un.d_val;
    if (name >= bytes.size()) return false;
    elf.needed.insert(bytes.c_str() + name);
  }
  return true;
}

bool add_symbols(Elf& elf, const std::string& bytes, const Elf64_Shdr& table, const Elf64_Shdr& strings) {
  for (std::size_t at = table.sh_offset; at < table.sh_offset + table.sh_size; at += sizeof(Elf64_Sym)) {
    const auto symbol = record_at<Elf64_Sym>(bytes, at);
    if (!symbol || strings.sh_offset + symbol->st_name >= bytes.size()) return false;
    elf.symbols.insert(bytes.c_str() + strings.sh_offset + symbol->st_name);
  }
  return true;
}

/// Nothing when it is none.
std::optional<Elf> read_elf(const std::string& bytes) {
  const auto header = record_at<Elf64_Ehdr>(bytes, 0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64)
    return std::nullopt;
  Elf elf;
  for (std::size_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = record_at<Elf64_Phdr>(bytes, header->e_phoff + i * header->e_phentsize);
    if (!segment) return std::nullopt;
    elf.segments.push_back(*segment);
  }
  for (std::size_t i = 0; i < header->e_shnum; ++i) {
    const auto found = section(bytes, *header, i);
    if (!found) return std::nullopt;
    if (found->sh_type != SHT_DYNAMIC && found->sh_type != SHT_DYNSYM) continue;
    const auto strings = section(bytes, *header, found->sh_link);
    const auto add = found->sh_type == SHT_DYNAMIC ? add_dynamic : add_symbols;
    if (!strings || !add(elf, bytes, *found, *strings)) return std::nullopt;
  }
  return elf;
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

#ifdef DELEGATE_RELEASE_BINARY  // a build as it is released; others link more libraries and do not have these tests
TEST_CASE("the release binary needs libc, libm and the loader alone") {
  const auto elf = read_elf(contents(DELEGATE_RELEASE_BINARY));
  REQUIRE(elf.has_value());
  CHECK(elf->needed.count("libc.so.6") == 1);
  CHECK(beyond(elf->needed) == Names{});
}

TEST_CASE("the release binary is hardened") {
  const auto elf = read_elf(contents(DELEGATE_RELEASE_BINARY));
  REQUIRE(elf.has_value());
  const auto segment = [&](Elf64_Word type) {
    return std::find_if(elf->segments.begin(), elf->segments.end(),
                        [&](const auto& one) { return one.p_type == type; });
  };
  CHECK((elf->flags & DF_BIND_NOW) != 0);  // so that RELRO covers all that the loader fills in
  CHECK(segment(PT_GNU_RELRO) != elf->segments.end());
  REQUIRE(segment(PT_GNU_STACK) != elf->segments.end());
  CHECK((segment(PT_GNU_STACK)->p_flags & PF_X) == 0);
  for (const Elf64_Phdr& one : elf->segments) CHECK((one.p_flags & (PF_W | PF_X)) != (PF_W | PF_X));
  CHECK(elf->symbols.count("__stack_chk_fail") == 1);
  CHECK(elf->symbols.count("__fprintf_chk") == 1);  // FORTIFY in our own code: no library that it links calls that
}
#endif

TEST_CASE("needed libraries and symbols are read from an ELF file") {
  const auto elf = read_elf(contents("/proc/self/exe"));
  REQUIRE(elf.has_value());
  CHECK(elf->needed.count("libc.so.6") == 1);
  CHECK(elf->symbols.count("memcpy") == 1);
  CHECK_FALSE(elf->segments.empty());
}

TEST_CASE("a library beyond the allowed ones is found") {
  CHECK(beyond({"libc.so.6", "libm.so.6"}) == Names{});
  CHECK(beyond({"libc.so.6", "libcurl.so.4", "libstdc++.so.6"}) == Names{"libcurl.so.4", "libstdc++.so.6"});
}

TEST_CASE("nothing is read from a file that is not ELF") {
  CHECK_FALSE(read_elf("").has_value());
  CHECK_FALSE(read_elf("#!/bin/sh\n").has_value());
  CHECK_FALSE(read_elf(contents("/proc/self/exe").substr(0, 200)).has_value());
}
