#include "core/changes/file_notes.hpp"

#include <charconv>

#include "core/base/text.hpp"

namespace delegate {
namespace {

constexpr std::size_t kLargestNotes = 1u << 30;
constexpr const char* kNotesFormat = "delegate notes 1";
constexpr const char* kModesFormat = "delegate modes 1";

std::string field_of(std::uint64_t number) { return std::to_string(number) + '\0'; }

/// The fields of a file after its format; `each` takes so many at a time, and says whether it could read them.
template <class Each>
Status read_fields(const Path& file, std::string_view format, std::size_t each_has, Each each) {
  TRY(const std::string text, read_file(file, kLargestNotes));
  std::vector<std::string_view> fields = split(text, '\0');
  const bool is_whole = text.ends_with('\0') && fields.front() == format && (fields.size() - 2) % each_has == 0;
  for (std::size_t i = 1; is_whole && i + each_has < fields.size(); i += each_has)
    if (!each(&fields[i])) return fail(Code::data_loss, file.string() + ": cannot be read");
  if (!is_whole) return fail(Code::data_loss, file.string() + ": cannot be read");
  return {};
}

template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

unsigned mode_of(const FileFacts& facts) {
  return facts.kind == FileFacts::Kind::regular ? facts.mode & kPermissions : 0;
}

}  // namespace

Result<FileNotes> notes_of(const RootedTree& tree, const std::vector<std::string>& paths,
                           const std::vector<std::string>& repositories) {
  FileNotes notes;
  TRY_STATUS(tree.look_at(paths, [&](std::size_t i, const FileFacts& facts) {
    if (facts.kind == FileFacts::Kind::regular || facts.kind == FileFacts::Kind::link)
      notes.insert_or_assign(notes.end(), paths[i], FileNote{facts.id, mode_of(facts)});
  }));
  for (const std::string& path : repositories) {
    TRY(const FileFacts facts, tree.look(path + "/.git"));
    notes[path + "/"] = {.id = facts.id};
  }
  return notes;
}

Status write_notes(const Path& file, const FileNotes& notes) {
  std::string text = kNotesFormat + std::string(1, '\0');
  for (const auto& [path, note] : notes) {
    (text += path) += '\0';
    ((text += field_of(note.id.device)) += field_of(note.id.inode)) += field_of(note.mode);
  }
  return replace_file(file, text, 0600);
}

Result<FileNotes> read_notes(const Path& file) {
  FileNotes notes;
  TRY_STATUS(read_fields(file, kNotesFormat, 4, [&](const std::string_view* fields) {
    FileNote note;
    const bool is_fine = read_number(fields[1], note.id.device) && read_number(fields[2], note.id.inode) &&
                         read_number(fields[3], note.mode);
    notes.insert_or_assign(notes.end(), std::string(fields[0]), note);
    return is_fine;
  }));
  return notes;
}

Status write_modes(const Path& file, const ModeChanges& modes) {
  std::string text = kModesFormat + std::string(1, '\0');
  for (const auto& [path, mode] : modes) ((text += path + '\0') += field_of(mode.before)) += field_of(mode.after);
  return replace_file(file, text, 0600);
}

Result<ModeChanges> read_modes(const Path& file) {
  ModeChanges modes;
  TRY_STATUS(read_fields(file, kModesFormat, 3, [&](const std::string_view* fields) {
    ModeChange& mode = modes[std::string(fields[0])];
    return read_number(fields[1], mode.before) && read_number(fields[2], mode.after);
  }));
  return modes;
}

}  // namespace delegate
