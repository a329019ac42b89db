#pragma once
#include <optional>

#include "cli/commands/context.hpp"
#include "cli/markdown/block.hpp"

namespace delegate::cli {

inline constexpr std::string_view kMarkdownChoices[] = {"auto", "always", "never"};

/// `markdown_option<&AskOptions::markdown>()`
template <auto member>
constexpr OptionRow markdown_option() {
  return {.names = "--markdown",
          .value = "WHEN",
          .help = "Lay out Markdown: auto (on a terminal), always, never",
          .more =
              "Headings, lists, tables and code are fitted to the width of the terminal, or to `COLUMNS`, with "
              "libmd4c. Without it, `output.markdown` decides. With `auto` a pipe gets the answer as it is.",
          .kind = ValueKind::choices,
          .choices = values_in<kMarkdownChoices>,
          .store = into<member>};
}

/// How an answer on stdout is laid out; nothing: not at all. `chosen`: the value of --markdown; empty: as configured.
std::optional<markdown::Layout> layout_of_answer(const CommandContext& context, const OutputSettings& settings,
                                                 const std::string& chosen);

/// Prints a whole answer, laid out, and with `output.pager` if the terminal is too small for it. The exit code.
int print_answer(const CommandContext& context, const std::string& text, const std::string& chosen);

}  // namespace delegate::cli
