#include "cli/commands/answer_layout.hpp"

#include <algorithm>
#include <charconv>

#include "cli/markdown/stream.hpp"
#include "core/base/text.hpp"
#include "core/os/markdown_library.hpp"
#include "core/os/pager.hpp"
#include "core/os/terminal.hpp"

namespace delegate::cli {
namespace {

constexpr int kUsualColumns = 80;
constexpr int kFewestColumns = 20;

int columns_for(const World& world) {
  if (const auto size = terminal_size(world.out)) return std::max(size->columns, kFewestColumns);
  const std::string wanted = world.variable("COLUMNS");
  int columns = kUsualColumns;
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), columns);
  return std::max(columns, kFewestColumns);
}

bool takes_layout(const World& world, const std::string& mode) {
  if (mode == "auto") return is_terminal(world.out) && world.variable("TERM") != "dumb";
  return mode == "always";
}

/// Without the colours of our own.
int shown_width(std::string_view line) {
  int width = 0;
  for (std::size_t colour; (colour = line.find('\033')) != std::string_view::npos;) {
    width += display_width(line.substr(0, colour));
    line.remove_prefix(std::min(line.find('m', colour), line.size() - 1) + 1);
  }
  return width + display_width(line);
}

/// How many lines of a terminal a text takes.
int height_of(std::string_view text, int columns) {
  int lines = 0;
  for (const std::string_view line : split(text, '\n')) lines += std::max(shown_width(line) - 1, 0) / columns + 1;
  return lines;
}

}  // namespace

std::optional<markdown::Layout> layout_of_answer(const CommandContext& context, const OutputSettings& settings,
                                                 const std::string& chosen) {
  const std::string& mode = chosen.empty() ? settings.markdown : chosen;
  if (context.world.json || !takes_layout(context.world, mode) || !markdown_parser()) return std::nullopt;
  return markdown::Layout{.columns = columns_for(context.world), .in_colour = context.output.is_painted()};
}

int print_answer(const CommandContext& context, const std::string& text, const std::string& chosen) {
  const World& world = context.world;
  const OutputSettings& settings = context.config().output;
  const auto size = terminal_size(world.out);
  std::string shown = with_newline(size ? escape_controls(text) : text);
  if (const auto layout = layout_of_answer(context, settings, chosen)) {
    markdown::Stream stream(*layout);
    shown = stream.add(text);
    shown = with_newline(shown + stream.finish());
  }
  const bool is_long = size && size->rows > 0 && height_of(shown, size->columns) > size->rows;
  if (!is_long || settings.pager.empty()) return context.output.answer(shown);
  const Status paged = page_through(settings.pager, shown);
  if (paged) return kAnswered;
  context.output.error(paged.error());
  return context.output.answer(shown);
}

}  // namespace delegate::cli
