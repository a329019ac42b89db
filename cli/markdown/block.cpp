#include "cli/markdown/block.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cli/markdown/entity.hpp"
#include "cli/markdown/table.hpp"
#include "core/base/utf8.hpp"
#include "core/os/markdown_library.hpp"

namespace delegate::cli::markdown {
namespace {

// A table of n characters can have n² / 8 cells, because those that a row leaves out are there, too.
constexpr std::size_t kMostCells = 10'000;
constexpr std::size_t kDeepest = 16;
constexpr int kNarrowest = 16;  // what nesting leaves of the width at least
constexpr int kGoOn = 0;
constexpr int kGiveUp = 1;

/// What a list, one of its items or a quote puts in front of its lines.
struct Container {
  MD_BLOCKTYPE type{};
  std::string first;  // in front of the first line; spent once that is written
  std::string rest;
  unsigned next_number = 0;  // of the items of an ordered list
  bool is_tight = false;     // a list without empty lines between its items
};

std::string text_of(const MD_ATTRIBUTE& attribute) {
  std::string text;
  for (std::size_t i = 0; attribute.substr_offsets != nullptr && attribute.substr_offsets[i] < attribute.size; ++i) {
    const std::string_view part(attribute.text + attribute.substr_offsets[i],
                                attribute.substr_offsets[i + 1] - attribute.substr_offsets[i]);
    text += attribute.substr_types[i] == MD_TEXT_ENTITY ? decoded_entity(part) : std::string(part);
  }
  return text;
}

Styles styles_of(MD_SPANTYPE type) {
  switch (type) {
    case MD_SPAN_EM: return italic;
    case MD_SPAN_STRONG: return bold;
    case MD_SPAN_CODE: return code;
    case MD_SPAN_DEL: return struck;
    default: return plain;
  }
}

class Renderer {
 public:
  explicit Renderer(const Layout& layout) : layout_(layout) {}

  int enter(MD_BLOCKTYPE type, const void* detail);
  int leave(MD_BLOCKTYPE type);
  int enter(MD_SPANTYPE type, const void* detail);
  int leave(MD_SPANTYPE type);
  int add(MD_TEXTTYPE type, std::string_view text);
  std::string take() { return std::move(out_); }
  /// libmd4c 0.4.8 stops, but reports success, if the beginning of a list or quote is refused.
  bool has_given_up() const { return has_given_up_; }

 private:
  int give_up();
  int open_container(Container container);
  Container item(const MD_BLOCK_LI_DETAIL& detail);
  void begin_table(const MD_BLOCK_TABLE_DETAIL& detail);
  int begin_cell(const MD_BLOCK_TD_DETAIL& detail);
  void end_text();
  void end_code();
  void end_table();
  void write(const StyledLine& line);
  std::string prefix();
  void separate();
  bool is_in_tight_list() const;
  int room() const;

  Layout layout_;
  std::string out_;
  std::vector<Container> containers_;
  StyledLine text_;  // of the paragraph, heading or cell that is open
  std::string code_;
  Table table_;
  std::size_t cells_ = 0;
  Styles styles_ = plain;
  std::vector<Styles> outer_styles_;                        // of the spans that are open
  std::vector<std::pair<std::string, std::size_t>> links_;  // address, and where its text begins
  bool is_code_block_ = false;
  bool has_given_up_ = false;
  bool is_separate_ = true;  // nothing above, or an empty line
};

int Renderer::give_up() {
  has_given_up_ = true;
  return kGiveUp;
}

bool Renderer::is_in_tight_list() const {
  const auto list = std::find_if(containers_.rbegin(), containers_.rend(),
                                 [](const Container& one) { return one.type != MD_BLOCK_LI; });
  return list != containers_.rend() && list->is_tight;
}

int Renderer::room() const {
  int taken = 0;
  for (const Container& one : containers_) taken += display_width(one.rest);
  return std::max(layout_.columns - taken, kNarrowest);
}

std::string Renderer::prefix() {
  std::string text;
  for (Container& one : containers_) text += std::exchange(one.first, one.rest);
  return text;
}

void Renderer::write(const StyledLine& line) {
  std::string text = prefix() + painted(line, layout_.in_colour);
  text.erase(text.find_last_not_of(' ') + 1);
  out_ += text + "\n";
  is_separate_ = false;
}

/// An empty line between two blocks; a quote goes on in it.
void Renderer::separate() {
  if (is_separate_) return;
  std::string text;
  for (const Container& one : containers_)
    if (one.type != MD_BLOCK_LI || one.first == one.rest) text += one.rest;
  text.erase(text.find_last_not_of(' ') + 1);
  out_ += text + "\n";
  is_separate_ = true;
}

void Renderer::end_text() {
  if (text_.empty()) return;
  if (!is_in_tight_list()) separate();
  for (const StyledLine& line : wrapped(text_, room())) write(line);
  text_.clear();
}

/// Its lines are not wrapped: they are there to be copied.
void Renderer::end_code() {
  separate();
  while (code_.ends_with('\n')) code_.pop_back();
  for (std::string_view rest = code_;;) {
    StyledLine line;
    append(line, "  ");
    append(line, with_spaces(rest.substr(0, rest.find('\n'))), code);
    write(line);
    if (rest.find('\n') == std::string_view::npos) break;
    rest.remove_prefix(rest.find('\n') + 1);
  }
  code_.clear();
  is_code_block_ = false;
}

void Renderer::begin_table(const MD_BLOCK_TABLE_DETAIL& detail) {
  table_ = {};
  table_.alignments.resize(detail.col_count);
}

int Renderer::begin_cell(const MD_BLOCK_TD_DETAIL& detail) {
  if (++cells_ > kMostCells || table_.rows.empty()) return give_up();
  const std::size_t column = table_.rows.back().size();
  if (column < table_.alignments.size())
    table_.alignments[column] = detail.align == MD_ALIGN_RIGHT    ? Alignment::right
                                : detail.align == MD_ALIGN_CENTER ? Alignment::centre
                                                                  : Alignment::left;
  table_.rows.back().emplace_back();
  return kGoOn;
}

void Renderer::end_table() {
  separate();
  for (const StyledLine& line : laid_out(table_, room())) write(line);
}

Container Renderer::item(const MD_BLOCK_LI_DETAIL& detail) {
  Container& list = containers_.back();
  std::string mark = list.type == MD_BLOCK_OL ? std::to_string(list.next_number++) + ". " : "• ";
  if (detail.is_task) mark += detail.task_mark == ' ' ? "☐ " : "☑ ";
  std::string rest(static_cast<std::size_t>(display_width(mark)), ' ');
  return {.type = MD_BLOCK_LI, .first = std::move(mark), .rest = std::move(rest)};
}

int Renderer::open_container(Container container) {
  if (containers_.size() == kDeepest) return give_up();
  containers_.push_back(std::move(container));
  return kGoOn;
}

int Renderer::enter(MD_BLOCKTYPE type, const void* detail) {
  if (type != MD_BLOCK_TH && type != MD_BLOCK_TD) end_text();
  switch (type) {
    case MD_BLOCK_QUOTE: separate(); return open_container({.type = type, .first = "│ ", .rest = "│ "});
    case MD_BLOCK_UL:
      if (!is_in_tight_list()) separate();
      return open_container({.type = type, .is_tight = static_cast<const MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
    case MD_BLOCK_OL: {
      if (!is_in_tight_list()) separate();
      const auto& list = *static_cast<const MD_BLOCK_OL_DETAIL*>(detail);
      return open_container({.type = type, .next_number = list.start, .is_tight = list.is_tight != 0});
    }
    case MD_BLOCK_LI:
      if (!is_in_tight_list()) separate();
      return open_container(item(*static_cast<const MD_BLOCK_LI_DETAIL*>(detail)));
    case MD_BLOCK_H:
      styles_ = bold;
      if (!layout_.in_colour)
        append(text_, std::string(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level, '#') + " ");
      return kGoOn;
    case MD_BLOCK_HR: {
      separate();
      StyledLine rule;
      for (int column = 0; column < room(); ++column) append(rule, "─", faint);
      write(rule);
      return kGoOn;
    }
    case MD_BLOCK_CODE: is_code_block_ = true; return kGoOn;
    case MD_BLOCK_TABLE: begin_table(*static_cast<const MD_BLOCK_TABLE_DETAIL*>(detail)); return kGoOn;
    case MD_BLOCK_TR: table_.rows.emplace_back(); return kGoOn;
    case MD_BLOCK_TH: styles_ = bold; [[fallthrough]];
    case MD_BLOCK_TD: return begin_cell(*static_cast<const MD_BLOCK_TD_DETAIL*>(detail));
    default: return kGoOn;
  }
}

int Renderer::leave(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      table_.rows.back().back() = std::move(text_);
      text_.clear();
      break;
    case MD_BLOCK_CODE: end_code(); break;
    case MD_BLOCK_TABLE: end_table(); break;
    case MD_BLOCK_LI:
      end_text();
      if (containers_.back().first != containers_.back().rest) write({});  // an empty item
      containers_.pop_back();
      break;
    case MD_BLOCK_QUOTE:
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      end_text();
      containers_.pop_back();
      break;
    default: end_text();
  }
  if (type == MD_BLOCK_H || type == MD_BLOCK_TH) styles_ = plain;
  return kGoOn;
}

int Renderer::enter(MD_SPANTYPE type, const void* detail) {
  if (type == MD_SPAN_A) links_.emplace_back(text_of(static_cast<const MD_SPAN_A_DETAIL*>(detail)->href), text_.size());
  if (type == MD_SPAN_IMG)
    links_.emplace_back(text_of(static_cast<const MD_SPAN_IMG_DETAIL*>(detail)->src), text_.size());
  if (type == MD_SPAN_CODE && !layout_.in_colour) append(text_, "`");
  outer_styles_.push_back(styles_);
  styles_ = static_cast<Styles>(styles_ | styles_of(type));
  return kGoOn;
}

int Renderer::leave(MD_SPANTYPE type) {
  if (outer_styles_.empty()) return give_up();
  styles_ = outer_styles_.back();
  outer_styles_.pop_back();
  if (type == MD_SPAN_CODE && !layout_.in_colour) append(text_, "`");
  if ((type != MD_SPAN_A && type != MD_SPAN_IMG) || links_.empty()) return kGoOn;
  const auto [address, begin] = std::move(links_.back());
  links_.pop_back();
  std::string shown;
  for (std::size_t at = begin; at < text_.size(); ++at) shown += text_[at].bytes;
  if (address != shown && address != "mailto:" + shown && address != "http://" + shown && !address.empty())
    append(text_, " (" + address + ")", faint);
  return kGoOn;
}

int Renderer::add(MD_TEXTTYPE type, std::string_view text) {
  if (is_code_block_) code_ += type == MD_TEXT_NULLCHAR ? "\uFFFD" : text;
  else if (type == MD_TEXT_NULLCHAR) append(text_, "\uFFFD", styles_);
  else if (type == MD_TEXT_BR || type == MD_TEXT_SOFTBR) append(text_, "\n");
  else append(text_, type == MD_TEXT_ENTITY ? decoded_entity(text) : std::string(text), styles_);
  return kGoOn;
}

/// What one callback does with the renderer; nothing once that has given up.
template <class Act>
int act_on(void* user, const Act& act) {
  Renderer& renderer = *static_cast<Renderer*>(user);
  return renderer.has_given_up() ? kGiveUp : act(renderer);
}

int enter_block(MD_BLOCKTYPE type, void* detail, void* user) {
  return act_on(user, [&](Renderer& renderer) { return renderer.enter(type, detail); });
}
int leave_block(MD_BLOCKTYPE type, void*, void* user) {
  return act_on(user, [&](Renderer& renderer) { return renderer.leave(type); });
}
int enter_span(MD_SPANTYPE type, void* detail, void* user) {
  return act_on(user, [&](Renderer& renderer) { return renderer.enter(type, detail); });
}
int leave_span(MD_SPANTYPE type, void*, void* user) {
  return act_on(user, [&](Renderer& renderer) { return renderer.leave(type); });
}
int add_text(MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* user) {
  return act_on(user, [&](Renderer& renderer) { return renderer.add(type, std::string_view(text, size)); });
}

constexpr MD_PARSER kParser{.flags = MD_DIALECT_GITHUB | MD_FLAG_NOHTML,
                            .enter_block = enter_block,
                            .leave_block = leave_block,
                            .enter_span = enter_span,
                            .leave_span = leave_span,
                            .text = add_text};

}  // namespace

std::optional<std::string> rendered(std::string_view block, const Layout& layout) {
  const auto parse = markdown_parser();
  if (!parse) return std::nullopt;
  Renderer renderer(layout);
  const int ended = (*parse)(block.data(), static_cast<MD_SIZE>(block.size()), &kParser, &renderer);
  if (ended != kGoOn || renderer.has_given_up()) return std::nullopt;
  return renderer.take();
}

}  // namespace delegate::cli::markdown
